using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.Progress;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;

namespace Looped.Host.Chaos;

/// <summary>A recipe trained twice: by one worker that nobody disturbs, and by processes that are.</summary>
/// <param name="recipe">The recipe.</param>
/// <param name="root">Where the two run folders go; null for a temporary place, which is kept only if something went wrong.</param>
/// <param name="say">Told what begins, and where the runs are.</param>
/// <param name="display">Makes a display for a run.</param>
internal sealed class ChaosExperiment(RunRecipe recipe, string? root, Action<string> say, Func<ITrainingDisplay> display)
{
    private readonly Lazy<string> _root = new(() => Path.GetFullPath(root ?? Directory.CreateTempSubdirectory("looped-chaos-").FullName));

    private RunFolder Undisturbed => new(Path.Combine(_root.Value, "undisturbed"));

    private RunFolder Disturbed => new(Path.Combine(_root.Value, "disturbed"));

    /// <summary>Trains twice and compares.</summary>
    /// <param name="first">A sentence on the first run.</param>
    /// <param name="second">A sentence on the second.</param>
    /// <param name="schedule">What is done to the second.</param>
    /// <param name="randomSeed">What the schedule was drawn from, if it was.</param>
    /// <returns>Null after Ctrl-C or another notice.</returns>
    /// <exception cref="LoopedException">One of the runs cannot be.</exception>
    public async Task<ChaosReport?> Run(string first, string second, ChaosSchedule schedule, long? randomSeed)
    {
        // From here on notice is heard, so that no temporary folder stays behind.
        using var cancel = new CancellationTokenSource();
        using var signals = new StopSignals(_ => cancel.Cancel());
        if (Disturbed.Exists) throw new UsageException($"There is a disturbed run in {Disturbed.Root} already; choose another folder with --run DIR.");
        bool good = false;
        try
        {
            ChaosReport? report = await Compare(first, second, schedule, randomSeed, cancel.Token);
            good = report?.Good ?? true;
            return report;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            good = true;
            return null;
        }
        finally
        {
            if (root is null && good) Directory.Delete(_root.Value, recursive: true);
            else say($"both runs are in {_root.Value}");
        }
    }

    private async Task<ChaosReport?> Compare(string first, string second, ChaosSchedule schedule, long? randomSeed, CancellationToken notice)
    {
        (string name, long steps) = (recipe.Name, recipe.Training.Steps);
        say(first);
        using (ITrainingDisplay shown = display())
            if (!await UndisturbedRun.Train(recipe, Undisturbed, shown, notice)) return null;
        var undisturbed = FinalHashes.Of(Undisturbed, steps);

        notice.ThrowIfCancellationRequested();
        say(second);
        string file = Path.Combine(_root.Value, "recipe.yaml");
        DurableFiles.WriteAtomically(file, System.Text.Encoding.UTF8.GetBytes(RecipeWriter.ToYaml(recipe)));
        using var run = new DisturbedRun(file, Disturbed, name, steps, schedule, display);
        bool finished = await run.Run(Limit(schedule), notice);
        FinalHashes? disturbed = finished ? FinalHashes.Of(Disturbed, steps) : null;
        return new(disturbed == undisturbed, finished, name, randomSeed, steps, Math.Round(run.Elapsed.TotalSeconds, 3), schedule.Events.Count, run.Disturbances, run.Problems, undisturbed, disturbed);
    }

    /// <summary>Ample even on a busy machine; it is there so that a run that hangs ends.</summary>
    private TimeSpan Limit(ChaosSchedule schedule)
    {
        double alone = RunSummary.Read(Undisturbed.Summary)?.Seconds ?? 0;
        TimeSpan last = schedule.Events.Select(e => e.Time).DefaultIfEmpty().Max();
        return TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(10 * alone + 30 * schedule.Events.Count) + last;
    }
}
