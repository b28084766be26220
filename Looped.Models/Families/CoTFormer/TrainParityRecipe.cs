using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Reads the optimizer, the schedule and the sizes of a `train` vector as a recipe of ours.</summary>
internal static class TrainParityRecipe
{
    /// <summary>The recipe of a trajectory.</summary>
    /// <param name="vector">Its vector, with `optimizer`, `scheduler` and `grad_clip`.</param>
    /// <param name="model">Its model.</param>
    /// <param name="shape">Of its tokens: steps, M, B, T.</param>
    /// <exception cref="LoopedException">It was made with something that we do not have.</exception>
    public static Recipe Read(ParityVector vector, CoTFormerConfig model, long[] shape)
    {
        (int steps, int microBatches, int sequences, int length) = ((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        JsonObject? schedule = vector.Json["scheduler"] as JsonObject;
        return new Recipe
        {
            Model = model with { SequenceLength = length },
            Batch = new() { GlobalSequences = sequences * microBatches, MicroSequences = sequences, Weighting = Weighting.MicroBatch },
            Optimizer = Optimizer(vector.Json.Section("optimizer", vector.Path), vector.Json.Real("grad_clip", vector.Path, absent: 0), vector.Path),
            Schedule = Schedule(schedule, vector.Path),
            Training = new()
            {
                Steps = schedule?.Integer("total_steps", vector.Path, steps) ?? steps,
                Threads = get_num_threads(),
                Device = vector.Device,
                Precision = vector.Precision == ScalarType.Float64 ? Precision.Float64 : Precision.Float32,
            },
        };
    }

    private static OptimizerRecipe Optimizer(JsonObject optimizer, double clip, string path)
    {
        var defaults = new OptimizerRecipe();
        return new OptimizerRecipe
        {
            Name = optimizer.Text("type", path).ToLowerInvariant() switch
            {
                "adamw" => OptimizerName.Adamw,
                "sgd" => OptimizerName.Sgd,
                "adafactor" => OptimizerName.Adafactor,
                var other => throw new LoopedException($"{path}: trajectories with {other} cannot be run, only with AdamW, SGD or Adafactor."),
            },
            LearningRate = optimizer.Real("max_lr", path, optimizer.Real("lr", path, defaults.LearningRate)),
            Betas = optimizer.Reals("betas", path) ?? defaults.Betas,
            Epsilon = optimizer.Real("eps", path, defaults.Epsilon),
            Momentum = optimizer.Real("momentum", path, defaults.Momentum),
            RelativeStep = optimizer.Truth("relative_step", path, defaults.RelativeStep),
            WeightDecay = optimizer.Real("weight_decay", path, absent: 0),
            ClipNorm = clip,
        };
    }

    private static ScheduleRecipe Schedule(JsonObject? schedule, string path)
    {
        string type = schedule?["type"]?.GetValue<string>() ?? "none";
        if (schedule is null || type == "none") return new() { Name = ScheduleName.None };
        if (type != "OneCycleLR") throw new LoopedException($"{path}: trajectories with {type} cannot be run, only with OneCycleLR or none.");
        return new()
        {
            Name = schedule.Text("anneal", path) == "linear" ? ScheduleName.OneCycleLinear : ScheduleName.OneCycleCosine,
            WarmupFraction = schedule.Real("pct_start", path),
            DivFactor = schedule.Real("div_factor", path),
            FinalDivFactor = schedule.Real("final_div_factor", path),
        };
    }
}
