using Looped.Actors.Clustering;
using Looped.Actors.Evaluating;
using Looped.Actors.Logging;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Host.Logging;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Host.Clustering;

/// <summary>
/// A node that measures the validation loss of every checkpoint that has no evaluation yet, and takes no part in training. It only
/// observes: whatever it does, no weight depends on it.
/// </summary>
internal sealed class EvaluatorProcess(WorkerOptions options)
{
    private readonly string _name = $"evaluator-{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Runs until the run is over or a signal comes, and gives the exit code.</summary>
    public async Task<int> Run()
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel(), exitCode: ExitCode.Drained);
        byte[] secret = ClusterSecret.Here(options.SecretFile, [options.Listen, .. options.Seeds]);
        await using var link = new ClusterLink(options, secret, _name, ClusterRoles.Evaluator);
        Terminal.Out.WriteLine($"{_name} looks for a run at {string.Join(", ", options.Seeds)}");
        try
        {
            Terminal.Out.WriteLine(await Evaluate(link, stop.Token));
            return ExitCode.Finished;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Terminal.Out.WriteLine($"{signals.First}: leaving; the run is not finished: start me again");
            return ExitCode.Drained;
        }
    }

    /// <summary>Evaluates checkpoints until the run is over.</summary>
    /// <returns>How it ended, for people.</returns>
    private async Task<string> Evaluate(ClusterLink link, CancellationToken stop)
    {
        if (await link.LearnRun().WaitAsync(stop) is not { } run) return "the run is over; there is nothing to do";
        RunRecipe recipe = options.RecipeOf(run);
        GpuChecks.Require(recipe.Training.Device);
        link.Use(new ClusterTimings(recipe.Cluster.WorkerTimeout));
        RunFolder folder = await options.FolderOf(run).WaitAsync(stop);
        using ProcessLog log = ProcessLog.Open(folder, "evaluator", options.Verbose);
        // Text may have to be prepared first; nobody waits for that who has notice.
        using RunData data = await Task.Run(() => RunData.OpenSame(recipe, run.DataHash), stop).WaitAsync(stop);
        using var recorder = RunRecorder.Create(folder, recipe, run.DataHash);
        using var evaluator = new SnapshotEvaluator(recipe, data.CreateModel, data.Validation);
        Terminal.Out.WriteLine($"{_name} evaluates the checkpoints of {recipe.Name}");
        var end = new RunEndWatch(link, folder);
        while (true)
        {
            // The end first: a checkpoint that is written before the run ends is seen below.
            bool over = await end.IsOver(stop);
            foreach (long step in Pending(folder, recorder)) await Evaluate(folder, recipe, recorder, evaluator, step, log.Run, stop);
            if (over) return "the run is over";
            await Task.Delay(1000, stop);
        }
    }

    private static long[] Pending(RunFolder folder, RunRecorder recorder)
    {
        // Those of this process may still wait for room on the disk.
        HashSet<long> evaluated = [.. StepLog.Read<EvaluationReport>(folder.Evaluations).Concat(recorder.Evaluations).Select(e => e.Step)];
        return [.. CheckpointStore.Steps(folder.Checkpoints).Where(step => !evaluated.Contains(step)).Order()];
    }

    private static async Task Evaluate(RunFolder folder, RunRecipe recipe, RunRecorder recorder, SnapshotEvaluator evaluator, long step, RunLogger log, CancellationToken stop)
    {
        TrainingSnapshot snapshot;
        try
        {
            snapshot = CheckpointReader.Load(CheckpointStore.PathOf(folder.Checkpoints, step)).Snapshot;
        }
        catch (LoopedException) when (!Directory.Exists(CheckpointStore.PathOf(folder.Checkpoints, step)))
        {
            Terminal.Out.WriteLine($"step {step}: its checkpoint was removed before it could be measured (checkpoint.keep_last)");
            return;
        }
        var done = new TaskCompletionSource<EvaluationReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool full = step >= recipe.Training.Steps;
        evaluator.Post(snapshot, full,
            (result, seconds) => done.TrySetResult(new EvaluationReport(step, result.Loss, result.Perplexity, result.Tokens, full, seconds)),
            error => done.TrySetException(new LoopedException($"The evaluation of step {step} failed: {error}")));
        EvaluationReport report = await done.Task.WaitAsync(stop);
        recorder.RecordEvaluation(report);
        if (recorder.Remark() is { } remark) Terminal.Out.WriteLine(remark);
        RunLog.Evaluated(log, step, report.Loss, report.Perplexity);
        Terminal.Out.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"step {step}: validation perplexity {report.Perplexity:0.00} ({report.Tokens:N0} tokens)"));
    }
}
