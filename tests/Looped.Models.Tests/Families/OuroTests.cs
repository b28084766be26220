using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.Ouro;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>What the reference vectors (<see cref="StarsParityTests"/>) do not hold.</summary>
[Collection(nameof(AloneInTheProcess))]
public class OuroTests
{
    private static readonly OuroConfig Small = new()
    {
        Family = "ouro",
        Width = 32,
        Hidden = 48,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        SequenceLength = 16,
        Loops = 3,
    };

    private static OuroModel Create(OuroConfig config) =>
        (OuroModel)FamilyRegistry.Find("ouro")!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));

    private static OuroConfig Bind(string keys) =>
        (OuroConfig)RecipeFile.Parse<Recipe>($"name: a\nmodel: {{ family: ouro, {keys} }}\n", "recipe.yaml", []).Model;

    [Theory]
    [InlineData("width: 30, heads: 4", "width", "not a multiple of heads (4)")]
    [InlineData("width: 12, heads: 4", "heads", "3 channels")]
    [InlineData("width: 32, heads: 4, head_width: 5", "head_width", "5 channels")]
    [InlineData("heads: 4, key_value_heads: 3", "key_value_heads", "choose a divisor of heads")]
    [InlineData("exit_threshold: 0.5", "exit_threshold", "only exit: threshold reads it, not last")]
    [InlineData("exit: weigthed", "exit", "did you mean 'weighted'?")]
    [InlineData("training_exit: threshold", "training_exit", "no gradient")]
    [InlineData("loops: 0", "loops", "0 loops")]
    public void Keys_that_do_not_go_together_are_refused(string keys, string key, string reason)
    {
        UsageException error = Assert.Throws<UsageException>(() => Bind(keys));
        Assert.Contains($"model.{key}", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit: last")]
    [InlineData("exit: weighted, loops: 2")]
    [InlineData("exit: threshold, exit_threshold: 0.6, head_width: 6")]
    public void The_decoder_gives_the_logits_of_the_forward_pass(string keys)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using OuroModel model = Create(Bind($"width: 32, hidden: 48, layers: 2, heads: 4, key_value_heads: 2, sequence_length: 16, {keys}"));
        Tensor tokens = CoTFormers.Tokens(2, 9);
        using IDecoder decoder = model.StartDecoding(2, loops: 4);

        decoder.Next(tokens.narrow(1, 0, 4));
        for (int t = 4; t < 9; t++)
            Assert.True(decoder.Next(tokens.narrow(1, t, 1)).allclose(model.Forward(new(tokens.narrow(1, 0, t + 1), Loops: 4)).Logits.squeeze(1), rtol: 0, atol: 1e-5), $"token {t}");
    }

    [Fact]
    public void A_token_stops_at_the_first_step_that_reaches_the_threshold_and_at_the_last_where_none_does()
    {
        using var scope = NewDisposeScope();
        Tensor probabilities = tensor(new[] { 0.5f, 0.3f, 0.2f, 0.1f, 0.2f, 0.7f }).view(1, 2, 3);
        Assert.Equal([0L, 2L], ExitDistribution.FirstAbove(probabilities, 0.5).data<long>().ToArray());
        Assert.Equal([1L, 2L], ExitDistribution.FirstAbove(probabilities, 0.75).data<long>().ToArray());
        Assert.Equal([2L, 2L], ExitDistribution.FirstAbove(probabilities, 1.5).data<long>().ToArray());
    }

    [Fact]
    public void A_saturated_gate_stops_a_token_even_at_threshold_one()
    {
        using var scope = NewDisposeScope();
        Tensor gates = tensor(new[] { -1f, 60f, 0f, 0f, 0f, 0f }).view(1, 2, 3);
        Assert.Equal([1L, 2L], ExitDistribution.FirstAbove(ExitDistribution.Of(gates), 1).data<long>().ToArray());
    }

    [Fact]
    public void Trained_on_the_last_step_alone_the_gate_is_not_touched()
    {
        using var scope = NewDisposeScope();
        using OuroModel last = Create(Small with { TrainingExit = ExitRule.Last }), weighted = Create(Small);
        Assert.Null(GateGradient(last));
        Assert.True(GateGradient(weighted)!.abs().max().item<float>() > 0);

        static Tensor? GateGradient(OuroModel model)
        {
            Tensor tokens = CoTFormers.Tokens(2, 9);
            model.Forward(new(tokens, tokens, RandomStream.ForMicroBatch(1, 2, 3))).Loss!.backward();
            return model.named_parameters().Single(p => p.name == "model.early_exit_gate.weight").parameter.grad;
        }
    }

    [Fact]
    public void With_random_loops_and_the_penalty_the_order_of_micro_batches_changes_no_bit_and_nothing_is_left_behind()
    {
        int threads = get_num_threads();
        set_num_threads(2);
        try
        {
            using Replica one = Start(), other = Start();
            long tensors = 0;
            for (int i = 0; i < 12; i++)
            {
                Step(one, [0, 1, 2]);
                Step(other, [2, 0, 1]);
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                if (i == 5) tensors = Tensor.TotalCount;
            }
            Assert.Equal(one.WeightsHash(), other.WeightsHash());
            Assert.Equal(tensors, Tensor.TotalCount);
        }
        finally
        {
            set_num_threads(threads);
        }

        static Replica Start()
        {
            OuroConfig config = Small with { LoopDistribution = LoopDistribution.Uniform, MaxLoops = 4, RegWeight = 0.1 };
            var recipe = new Recipe { Name = "ouro", Model = config, Batch = new() { GlobalSequences = 6, MicroSequences = 2 }, Training = new() { Steps = 100, Threads = 2 } };
            return new Replica(recipe, Create(config));
        }

        static void Step(Replica replica, int[] order)
        {
            foreach (int index in order)
            {
                using var scope = NewDisposeScope();
                int[] tokens = [.. CoTFormers.Tokens(2, 16, seed: index).data<long>().Select(t => (int)t)];
                replica.Compute(new MicroBatch(replica.Step, index, 2, 16, tokens, [.. tokens.Skip(1), 0]));
            }
            replica.Commit(replica.Sums, replica.Control);
        }
    }
}
