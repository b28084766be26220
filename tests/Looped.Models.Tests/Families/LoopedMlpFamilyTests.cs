using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>The example of docs/add-a-model.md is a whole family: it binds, trains and decodes.</summary>
public class LoopedMlpFamilyTests
{
    private const int Vocabulary = 31;
    private static readonly LoopedMlpFamily Family = new();

    private static Recipe Recipe() => RecipeFile.Parse<Recipe>("""
        name: example
        model: { family: looped_mlp, width: 32, sequence_length: 16 }
        batch: { global_sequences: 4, micro_sequences: 2 }
        schedule: { name: constant }
        optimizer: { learning_rate: 0.01 }
        training: { steps: 60, threads: 1 }
        """, "example.yaml", [], [Family]);

    private static LanguageModel Model(Recipe recipe) => Family.Create(recipe.Model, Vocabulary, RandomStream.Create(recipe.Seed, "initialization"));

    [Fact]
    public void It_learns_through_the_step_that_every_family_shares()
    {
        Recipe recipe = Recipe();
        int[] tokens = [.. Enumerable.Range(0, 32).Select(i => i % 16)], next = [.. tokens.Select(t => (t + 1) % 16)];
        using var replica = new Replica(recipe, Model(recipe));
        var losses = new List<double>();
        for (int step = 0; step < recipe.Training.Steps; step++)
        {
            for (int i = 0; i < recipe.Batch.MicroBatches(); i++) replica.Compute(new MicroBatch(step, i, 2, 16, tokens, next));
            losses.Add(replica.Commit(replica.Sums, replica.Control).Loss);
        }
        Assert.Equal(Math.Log(Vocabulary), losses[0], 0.1);
        Assert.True(losses[^1] < 0.1, $"the loss went from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Its_decoder_gives_the_logits_of_the_forward_at_any_depth()
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Model(Recipe());
        Tensor tokens = CoTFormers.Tokens(3, 5);
        Tensor whole = model.Forward(new ModelInput(tokens, Loops: 4)).Logits.squeeze(1);
        using IDecoder decoder = model.StartDecoding(3, loops: 4);
        using (decoder.Next(tokens.narrow(1, 0, 4))) { }
        Assert.True(allclose(whole, decoder.Next(tokens.narrow(1, 4, 1))));
        Assert.False(allclose(whole, model.Forward(new ModelInput(tokens)).Logits.squeeze(1)));
    }
}
