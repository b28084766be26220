using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;

namespace Looped.Host.Inspection;

/// <summary>Where two runs part: the first step in their logs, the first tensor in their checkpoints.</summary>
/// <param name="Identical">Whether everything both have could be compared and nothing differs.</param>
/// <param name="Steps">Steps that both logs have.</param>
/// <param name="FirstStep">The first of them that differs; null if none does.</param>
/// <param name="EqualCheckpoints">Steps whose checkpoints are equal in every tensor.</param>
/// <param name="FirstCheckpoint">The first checkpoint that differs; later ones are not looked at.</param>
/// <param name="Recipe">Recipe keys that differ and can change the weights.</param>
/// <param name="Warnings">What could not be compared.</param>
internal sealed record RunComparison(bool Identical, int Steps, StepDifference? FirstStep, IReadOnlyList<long> EqualCheckpoints,
    FirstCheckpoint? FirstCheckpoint, IReadOnlyList<string> Recipe, IReadOnlyList<string> Warnings)
{
    /// <summary>Compares two runs, or two checkpoint folders.</summary>
    /// <exception cref="UsageException">One of them is neither, they are not of one kind, or they have nothing in common.</exception>
    public static RunComparison Of(string left, string right)
    {
        (bool checkpoint, bool other) = (IsCheckpoint(left), IsCheckpoint(right));
        if (checkpoint != other) throw new UsageException($"{(checkpoint ? left : right)} is a checkpoint and {(checkpoint ? right : left)} is not; give two runs or two checkpoints.");
        return checkpoint ? OfCheckpoints(left, right) : OfRuns(RunArgument.Find(left), RunArgument.Find(right));
    }

    private static bool IsCheckpoint(string path) => CheckpointStore.StepOf(path) is not null && Directory.Exists(path) || File.Exists(Path.Combine(path, "manifest.json"));

    private static RunComparison OfCheckpoints(string left, string right)
    {
        List<string> warnings = [.. Damage(left), .. Damage(right)];
        CheckpointDifference difference = CheckpointDifference.Of(left, right);
        long step = CheckpointStore.StepOf(left) ?? 0;
        return difference.None ? new(true, 0, null, [step], null, [], warnings) : new(false, 0, null, [], new(step, difference), [], warnings);
    }

    private static RunComparison OfRuns(RunFolder left, RunFolder right)
    {
        IReadOnlyList<StepReport> a = StepLog.Read<StepReport>(left.Metrics), b = StepLog.Read<StepReport>(right.Metrics);
        (StepReport Left, StepReport Right)[] steps = [.. a.Join(b, l => l.Step, r => r.Step, (l, r) => (l, r))];
        StepDifference? firstStep = steps.Select(s => StepDifference.Of(s.Left, s.Right)).FirstOrDefault(d => d is not null);

        var (warnings, equal) = (new List<string>(), new List<long>());
        if (a.Count != b.Count) warnings.Add($"Only what both runs have is compared: {left.Root} has {a.Count:N0} steps, {right.Root} has {b.Count:N0}.");
        FirstCheckpoint? firstCheckpoint = null;
        bool complete = true;
        foreach (long step in CheckpointStore.Steps(left.Checkpoints).Intersect(CheckpointStore.Steps(right.Checkpoints)))
        {
            (string ours, string theirs) = (CheckpointStore.PathOf(left.Checkpoints, step), CheckpointStore.PathOf(right.Checkpoints, step));
            warnings.AddRange([.. Damage(ours), .. Damage(theirs)]);
            CheckpointDifference difference;
            try
            {
                difference = CheckpointDifference.Of(ours, theirs);
            }
            catch (LoopedException e)
            {
                warnings.Add($"Step {step} is not compared. {e.Message}");
                complete = false;
                continue;
            }
            if (difference.None)
            {
                equal.Add(step);
                continue;
            }
            firstCheckpoint = new(step, difference);
            break;
        }
        if (steps.Length == 0 && equal.Count == 0 && firstCheckpoint is null)
            throw new UsageException($"{left.Root} and {right.Root} have no step in common, neither in metrics.jsonl nor as a whole checkpoint. {string.Join(' ', warnings)}".TrimEnd());
        return new(complete && firstStep is null && firstCheckpoint is null, steps.Length, firstStep, equal, firstCheckpoint, Recipes(left, right), warnings);
    }

    private static IEnumerable<string> Damage(string checkpoint) =>
        CheckpointReader.TryVerify(checkpoint, out _, out string? problem) ? [] : [$"{checkpoint} is not as it was written: {problem}."];

    private static IReadOnlyList<string> Recipes(RunFolder left, RunFolder right) => File.Exists(left.Recipe) && File.Exists(right.Recipe)
        ? [.. RecipeIdentity.Differences(RecipeFile.Load<RunRecipe>(left.Recipe, []), RecipeFile.Load<RunRecipe>(right.Recipe, [])).Select(d => d.ToString())]
        : [];
}

/// <summary>The first checkpoint that differs.</summary>
internal sealed record FirstCheckpoint(long Step, CheckpointDifference Difference);

/// <summary>A step that two logs tell differently.</summary>
/// <param name="Step">The step.</param>
/// <param name="Key">What differs, as in `metrics.jsonl`.</param>
/// <param name="Left">Its value in the first run.</param>
/// <param name="Right">Its value in the second.</param>
internal sealed record StepDifference(long Step, string Key, object Left, object Right)
{
    /// <summary>Compares what a step gives, not how long it took or who did it; null if equal.</summary>
    public static StepDifference? Of(StepReport left, StepReport right)
    {
        (string Key, object? Left, object? Right)[] values =
        [
            ("loss", left.Loss, right.Loss), ("gradient_norm", left.GradientNorm, right.GradientNorm), ("skipped", left.Skipped, right.Skipped),
            ("weights_sha256", left.WeightsSha256, right.WeightsSha256), ("learning_rate", left.LearningRate, right.LearningRate), ("tokens", left.Tokens, right.Tokens),
            ("loops", left.Loops, right.Loops), ("regulariser", left.Regulariser, right.Regulariser),
        ];
        foreach ((string key, object? a, object? b) in values)
            if (a is not null && b is not null && !a.Equals(b)) return new(left.Step, key, a, b); // NaN equals NaN here: both runs diverged alike
        return null;
    }
}
