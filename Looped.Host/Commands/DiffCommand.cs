using System.CommandLine;
using System.Globalization;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;
using Looped.Models.Checkpoints;

namespace Looped.Host.Commands;

/// <summary>`looped diff RUN RUN`: the first step and the first tensor in which two runs differ.</summary>
internal static class DiffCommand
{
    private const int ShownTensors = 8;

    public static Command Create()
    {
        Argument<string> left = new("RUN") { Description = "A run folder or a checkpoint folder." };
        Argument<string> right = new("OTHER") { Description = "Another of the same kind." };
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        var command = new LoopedCommand("diff", "Find the first step and tensor in which two runs differ; exit code 1 unless they are identical.")
        {
            Examples = ["looped diff runs/a runs/b", "looped diff runs/a/checkpoints/step-000100 runs/b/checkpoints/step-000100"],
        };
        command.Add(left);
        command.Add(right);
        command.Add(json);
        command.SetAction(parsed =>
        {
            RunComparison comparison = RunComparison.Of(parsed.GetRequiredValue(left), parsed.GetRequiredValue(right));
            foreach (string warning in comparison.Warnings) Terminal.Error.WriteWarning(warning);
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(InspectionJson.ToNode(comparison));
            else foreach (string line in Lines(comparison)) Terminal.Out.WriteLine(line);
            return comparison.Identical ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>What a person reads.</summary>
    internal static IEnumerable<string> Lines(RunComparison c)
    {
        bool differs = c.FirstStep is not null || c.FirstCheckpoint is not null;
        yield return differs ? "different" : c.Identical ? $"identical in {Compared(c)}" : $"not all could be compared; equal in {Compared(c)}";
        if (c.FirstStep is { } step) yield return $"  metrics      first at step {step.Step}: {step.Key} {Short(step.Left)} and {Short(step.Right)}";
        else if (differs && c.Steps > 0) yield return $"  metrics      equal in all {c.Steps:N0} steps";
        if (differs && c.EqualCheckpoints.Count > 0) yield return $"  checkpoints  equal at {StepList(c.EqualCheckpoints)}";
        if (c.FirstCheckpoint is { } first)
        {
            CheckpointDifference d = first.Difference;
            yield return $"  checkpoint   first at step {first.Step}: {d.Model.Count + d.Optimizer.Count} of {d.Tensors} tensors{(d.State ? ", and the training state" : "")}";
            foreach (string line in Tensors("model", d.Model).Concat(Tensors("optimizer", d.Optimizer))) yield return line;
        }
        foreach (string key in c.Recipe) yield return $"  recipe       {key}";
    }

    private static string Compared(RunComparison c)
    {
        string[] parts =
        [
            .. c.Steps > 0 ? [$"{c.Steps:N0} steps of metrics"] : Array.Empty<string>(),
            .. c.EqualCheckpoints.Count > 0 ? [$"every tensor of model and optimizer at {StepList(c.EqualCheckpoints)}"] : Array.Empty<string>(),
        ];
        return string.Join(", and ", parts);
    }

    private static IEnumerable<string> Tensors(string part, IReadOnlyList<TensorDifference> differences)
    {
        foreach (TensorDifference d in differences.Take(ShownTensors))
            yield return d.Form is { } form
                ? $"    {part,-11}{d.Name}: {form}"
                : $"    {part,-11}{d.Name}: {d.Different:N0} of {d.Elements:N0} elements, by at most {d.LargestAbsolute:0.###e-0} or {d.LargestUlps:N0} ULP";
        if (differences.Count > ShownTensors) yield return $"    {part,-11}… and {differences.Count - ShownTensors} more";
    }

    private static string StepList(IReadOnlyList<long> steps) => (steps.Count == 1 ? "step " : "steps ") + string.Join(", ", steps);

    private static string Short(object value) => value is string { Length: > 12 } hash ? hash[..12] + "…" : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
