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
    public void The_reference_name_of_a_variant_is_the_same_recipe(string ours, string reference) =>
        Assert.Equal(Bind($"variant: {ours}"), Bind($"variant: {reference}"));

    [Theory]
    [InlineData("variant: ln_cotfromer", "variant", "did you mean 'ln_cotformer'?")]
    [InlineData("width: 100, heads: 3", "width", "not a multiple of heads (3)")]
    [InlineData("width: 15, heads: 3", "heads", "5 channels")]
    [InlineData("layers: 3, layers_begin: 2, layers_end: 1", "layers", "leave none of 3 to repeat")]
    [InlineData("layers: 3, layers_begin: 4", "layers", "leave none of 3 to repeat")]
    [InlineData("variant: base, layers_end: 1", "layers_end", "no layers can be reserved")]
    [InlineData("variant: cotformer, depth_embedding: learned", "depth_embedding", "has no depth embedding")]
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
    public void An_odd_head_is_fine_without_rotary_positions() =>
        Assert.Equal(15, Bind("width: 15, heads: 3, positional_encoder: none").Width);
}
