using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>
/// Kind `train`: a short trajectory of the addition script through the project's own step, a micro-batch each, with given numbers of
/// loops and probes. Losses are measured before each update.
/// </summary>
internal sealed partial class TrainParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        foreach (ParityCase parity in vector.Cases()) yield return Run(parity);
    }

    private static ParityRow Run(ParityCase parity)
    {
        using var scope = NewDisposeScope();
        long[] loops = [.. parity.Given("input.loops").to(ScalarType.Int64).data<long>()];
        int warmup = parity.Vector.Json.Integer("warmup_steps", parity.Vector.Path);
        StarsModel model = StarsReference.Model(parity.Vector, c => c with { RegWarmupSteps = c.RegWeight > 0 ? warmup : null });
        Recipe recipe = RecipeOf(parity.Vector, model.Config, warmup, (int)parity.Given("input.step0.input_ids").shape[0]);
        using var replica = new Replica(recipe, model);

        var measured = new Dictionary<string, List<double>> { ["loss"] = [], ["reg_loss"] = [], ["total_loss"] = [], ["lr"] = [] };
        for (int step = 0; step < loops.Length; step++)
        {
            using var inner = NewDisposeScope();
            Tensor tokens = parity.Given($"input.step{step}.input_ids"), targets = StarsReference.Targets(parity.Given($"input.step{step}.labels"));
            model.Given = new((int)loops[step], parity.Given($"input.step{step}.probe").to(parity.Vector.Precision));
            Measure(model, tokens, targets, new(recipe.Seed, step, MicroBatch: 0, MicroBatches: 1), measured);
            replica.Compute(new(step, Index: 0, (int)tokens.shape[0], (int)tokens.shape[1], Ids(tokens), Ids(targets)));
            measured["lr"].Add(replica.Commit(replica.Sums, replica.Control).LearningRate);
        }
        foreach ((string name, List<double> values) in measured) StarsParity.Offer(parity, $"output.{name}", () => tensor(values.ToArray()));
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            StarsParity.Offer(parity, $"output.final_param.{name}", () => parameter);
        return parity.Conclude();
    }

    private static void Measure(StarsModel model, Tensor tokens, Tensor targets, TrainingPlace place, Dictionary<string, List<double>> measured)
    {
        var input = new ModelInput(tokens, targets, RandomStream.ForMicroBatch(place.Seed, place.Step, place.MicroBatch), Place: place);
        Pass pass = model.NewPass(random: null);
        ModelOutput output = model.Forward(input);
        Tensor end = model.Run(model.Embed(tokens, 0, pass), model.Given!.Loops, pass).Last;
        measured["loss"].Add(Number(output.CrossEntropy ?? output.Loss!));
        measured["reg_loss"].Add(Number(model.Penalty(end, model.Given.Probe, model.Config.SpectralIters, pass).Value));
        measured["total_loss"].Add(Number(output.Loss!));
    }

    private static Recipe RecipeOf(ParityVector vector, StarsConfig model, int warmup, int sequences)
    {
        string path = vector.Path, optimizer = vector.Json.Text("optimizer", path);
        int steps = vector.Json.Integer("total_steps", path);
        if (Described().Match(optimizer) is not { Success: true } said || !optimizer.Contains("no clipping", StringComparison.Ordinal))
            throw new LoopedException($"{path}: the optimizer '{optimizer}' is not known; it must be AdamW with betas, eps and weight_decay, and no clipping.");
        return new Recipe
        {
            Model = model,
            Batch = new() { GlobalSequences = sequences, MicroSequences = sequences, Weighting = Weighting.MicroBatch },
            Optimizer = new()
            {
                LearningRate = vector.Json.Real("lr", path),
                Betas = [Said("beta1"), Said("beta2")],
                Epsilon = Said("eps"),
                WeightDecay = Said("decay"),
                ClipNorm = 0,
            },
            Schedule = new() { Name = ScheduleName.HalfCosine, WarmupFraction = (double)warmup / steps },
            Training = new()
            {
                Steps = steps,
                Threads = get_num_threads(),
                Device = vector.Device,
                Precision = vector.Precision == ScalarType.Float64 ? Precision.Float64 : Precision.Float32,
            },
        };

        double Said(string group) => double.Parse(said.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    private static double Number(Tensor scalar) => scalar.to(ScalarType.Float64).item<double>();

    private static int[] Ids(Tensor ids) => [.. ids.cpu().to(ScalarType.Int64).data<long>().Select(id => (int)id)];

    [GeneratedRegex(@"^AdamW betas \((?<beta1>[\d.]+), ?(?<beta2>[\d.]+)\) eps (?<eps>[\d.e-]+) weight_decay (?<decay>[\d.e-]+) on every parameter")]
    private static partial Regex Described();
}
