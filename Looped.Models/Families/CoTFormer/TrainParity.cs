using System.Text.Json.Nodes;
using Looped.Models.Data;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Kind `train`: a short optimisation trajectory through the project's own step (fixed-point sums, clipping, optimizer, schedule). The
/// loss of each micro-batch is measured by a forward of its own before the step.
/// </summary>
internal sealed class TrainParity : IParityKind
{
    private const int SequenceAxis = 2, TokenAxis = 3;

    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        foreach (ParityCase parity in vector.Cases()) yield return Run(parity);
    }

    private static ParityRow Run(ParityCase parity)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = parity.Given("input.tokens"), targets = parity.Given("input.targets");      // (steps, M, B, T)
        Tensor? draws = parity.Find("input.uniform_draws");                                         // (steps, M, R − 1)
        CoTFormerModel model = CoTFormerReference.Model(parity.Vector);
        if (model.Config.Dropout > 0)
        {
            model.Dispose();
            return parity.Fail("a trajectory with dropout cannot be compared: its masks are not given");
        }
        Recipe recipe = TrainParityRecipe.Read(parity.Vector, model.Config, tokens.shape);
        using var replica = new Replica(recipe, model);
        int steps = (int)tokens.shape[0], microBatches = recipe.Batch.MicroBatches();
        var losses = new List<double>();
        var norms = new List<double>();
        var rates = new List<double>();
        for (int step = 0; step < steps; step++)
        {
            for (int index = 0; index < microBatches; index++)
            {
                MicroBatch batch = BatchOf(tokens, targets, step, index);
                if (draws is not null) model.Given = new(GivenDraws.Numbers(draws.select(0, step).select(0, index)));
                losses.Add(LossOf(replica.Model, batch));
                replica.Compute(batch);
            }
            CommittedStep committed = replica.Commit(replica.Sums, replica.Control);
            norms.Add(committed.GradientNorm);
            rates.Add(committed.LearningRate);
        }

        parity.Offer("output.micro_losses", Numbers(losses).view(steps, microBatches));
        parity.Offer("output.grad_norm", Numbers(norms));
        parity.Offer("output.lr", Numbers(rates));
        if (parity.ExpectsAny("final."))
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in replica.Model.named_parameters()) parity.Offer($"final.{name}", parameter);
        // A router that nobody asks is never trained.
        string unused = CoTFormerNames.UnusedRouter(model.Config);
        if (parity.Expects($"final.{unused}")) parity.Offer($"final.{unused}", parity.Given($"param.{unused}"));
        CompareGroups(parity, model);
        return parity.Conclude();
    }

    /// <summary>Which parameters decay, by the lists that the file gives.</summary>
    private static void CompareGroups(ParityCase parity, CoTFormerModel model)
    {
        foreach ((string key, bool decays) in new[] { ("decay_params", true), ("no_decay_params", false) })
        {
            if (parity.Vector.Json[key] is not JsonArray list) continue;
            HashSet<string> expected = [.. list.Select(n => CoTFormerNames.FromReference(n!.GetValue<string>(), model.Config)).OfType<string>()];
            IEnumerable<string> ours = model.named_parameters().Select(p => p.name).Where(name => model.Decays(name) == decays);
            parity.CompareExactly($"{key}: differences", ours.Count(name => !expected.Remove(name)) + expected.Count, 0);
        }
    }

    private static MicroBatch BatchOf(Tensor tokens, Tensor targets, int step, int index)
    {
        return new(step, index, (int)tokens.shape[SequenceAxis], (int)tokens.shape[TokenAxis], Ids(tokens), Ids(targets));

        int[] Ids(Tensor all)
        {
            using Tensor row = all.select(0, step), batch = row.select(0, index), ids = batch.flatten().to(ScalarType.Int32), flat = ids.cpu();
            return flat.data<int>().ToArray();
        }
    }

    private static double LossOf(LanguageModel model, MicroBatch batch)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Device device = model.parameters().First().device;
        Tensor tokens = tensor(batch.Tokens, dtype: ScalarType.Int64, device: device).view(batch.Sequences, batch.Length);
        Tensor targets = tensor(batch.Targets, dtype: ScalarType.Int64, device: device).view(batch.Sequences, batch.Length);
        return model.Forward(new(tokens, targets, RandomStream.ForMicroBatch(seed: 0, batch.Step, batch.Index))).Loss!.to(ScalarType.Float64).item<double>();
    }

    private static Tensor Numbers(List<double> values) => tensor(values.ToArray());
}
