using Looped.Models.Families.CoTFormer;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Families;

public class CoTFormerConfigTests
{
    private static CoTFormerConfig Bind(string keys) =>
        (CoTFormerConfig)RecipeFile.Parse<Recipe>($"name: a\nmodel: {{ family: cotformer, {keys} }}\n", "recipe.yaml", []).Model;

    [Fact]
    public void Every_key_is_read_from_a_recipe()
    {
        CoTFormerConfig config = Bind("variant: ln_cotformer, layers: 5, width: 64, heads: 4, sequence_length: 32, repeats: 3, layers_begin: 1, layers_end: 2, "
            + "depth_embedding: linear_learned, disable_ln_mid: true, dropout: 0.1, bias: true, positional_encoder: none, attention_window: 8, vocabulary: 99");

        Assert.Equal(new CoTFormerConfig
        {
            Family = "cotformer",
            Variant = "ln_cotformer",
            Layers = 5,
            Width = 64,
            Heads = 4,
            SequenceLength = 32,
            Repeats = 3,
            LayersBegin = 1,
            LayersEnd = 2,
            DepthEmbedding = DepthEmbeddingKind.LinearLearned,
            DisableLnMid = true,
            Dropout = 0.1,
            Bias = true,
            PositionalEncoder = PositionalEncoder.None,
            AttentionWindow = 8,
            Vocabulary = 99,
        }, config);
    }

    [Theory]
    [InlineData("base", "base")]
    [InlineData("cotformer", "cotformer_full_depth")]
    [InlineData("ln_cotformer", "cotformer_full_depth_lnmid_depthemb")]
    [InlineData("but", "but_full_depth")]
    [InlineData("adm", "adaptive_cotformer_mod_efficient_sigmoid_crw_lnmid_de_random_factor_single_final")]
    [InlineData("adaptive_but", "but_mod_efficient_sigmoid_lnmid_depthemb_random_factor")]
    [InlineData("adaptive_but", "but_mod_efficient_sigmoid_lnmid_depthemb_random_factor_for_mac_compute")]
    [InlineData("but_halting", "but_halting_freeze_input_on_stop")]
    [InlineData("pondernet", "pondernet")]
    public void The_reference_name_of_a_variant_is_the_same_recipe(string ours, string reference) =>
        Assert.Equal(Bind($"variant: {ours}"), Bind($"variant: {reference}"));

    [Theory]
    [InlineData("variant: ln_cotfromer", "variant", "did you mean 'ln_cotformer'?")]
    [InlineData("width: 100, heads: 3", "width", "not a multiple of heads (3)")]
    [InlineData("width: 15, heads: 3", "heads", "5 channels")]
    [InlineData("layers: 3, layers_begin: 2, layers_end: 1", "layers", "leave none of 3 to repeat")]
    [InlineData("layers: 3, layers_begin: 4", "layers", "leave none of 3 to repeat")]
    [InlineData("variant: base, layers_end: 1", "layers_end", "no layers can be reserved")]
    [InlineData("variant: cotformer, depth_embedding: learned", "depth_embedding", "has no depth embedding learned; use ln_cotformer or adm")]
    [InlineData("variant: adaptive_but, depth_embedding: learned", "depth_embedding", "has no depth embedding learned")]
    [InlineData("variant: adm, repeats: 3, eval_length_factor: [0.5]", "eval_length_factor", "3 repeats need 2 length factors")]
    [InlineData("variant: adm, repeats: 3, eval_length_factor: [0.5, 0.6]", "eval_length_factor", "must not rise")]
    [InlineData("variant: adm, repeats: 3, eval_length_factor: [1.5, 0.6]", "eval_length_factor", "from 0 to 1")]
    [InlineData("eval_length_factor: [1.0]", "eval_length_factor", "has no routers, so it takes no length factors; use adm or adaptive_but")]
    [InlineData("variant: adm, depth_random_method: unifrom", "depth_random_method", "did you mean 'uniform'?")]
    [InlineData("variant: adaptive_but, depth_random_method: at_least_10percent", "depth_random_method", "is not a way in which adaptive_but draws")]
    [InlineData("depth_random_method: exponential_decay", "depth_random_method", "has no routers")]
    [InlineData("variant: adm, halt_threshold: 0.5", "halt_threshold", "only but_halting reads it, not adm")]
    [InlineData("ponder_lambda_p: 0.1", "ponder_lambda_p", "only pondernet reads it")]
    [InlineData("variant: pondernet, pondernet_weight_order: wrong", "pondernet_weight_order", "one of aligned, reference")]
    [InlineData("variant: cotformer, disable_ln_mid: true", "disable_ln_mid", "has no norm after a repeat")]
    [InlineData("repeats: 0", "repeats", "1")]
    [InlineData("dropout: 1.0", "dropout", "0.99")]
    public void Keys_that_do_not_go_together_are_refused(string keys, string key, string reason)
    {
        UsageException error = Assert.Throws<UsageException>(() => Bind(keys));
        Assert.Contains($"model.{key}", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_of_a_variant_of_its_own_is_read()
    {
        CoTFormerConfig adm = Bind("variant: adm, repeats: 3, depth_random_method: pick_mid_and_recurse_more_chance_for_one_even_more, eval_length_factor: [0.5, 0]");
        CoTFormerConfig halting = Bind("variant: but_halting, halt_threshold: 0.9, act_penalty: 0.1");
        CoTFormerConfig ponder = Bind("variant: pondernet, ponder_lambda_p: 0.2, ponder_kl_div_loss_weight: 0.5, pondernet_weight_order: reference");

        Assert.Equal("pick_mid_and_recurse_more_chance_for_one_even_more", adm.DepthRandomMethod);
        Assert.Equal([0.5, 0], adm.EvalLengthFactor);
        Assert.Equal((0.9, 0.1), (halting.HaltThreshold, halting.ActPenalty));
        Assert.Equal((0.2, 0.5, PonderWeightOrder.Reference), (ponder.PonderLambdaP, ponder.PonderKlDivLossWeight, ponder.PondernetWeightOrder));
    }

    [Theory]
    [InlineData("variant: adm, repeats: 3")]
    [InlineData("variant: adm, repeats: 3, eval_length_factor: [0.5, 0.25]")]
    public void A_recipe_that_was_written_reads_the_same(string keys)
    {
        Recipe recipe = RecipeFile.Parse<Recipe>($"name: a\nmodel: {{ family: cotformer, {keys} }}\n", "recipe.yaml", []);
        Recipe again = RecipeFile.Parse<Recipe>(RecipeWriter.ToYaml(recipe), "recipe.yaml", []);
        Assert.Equivalent(recipe, again, strict: true);
    }

    [Fact]
    public void An_odd_head_is_fine_without_rotary_positions() =>
        Assert.Equal(15, Bind("width: 15, heads: 3, positional_encoder: none").Width);
}
