using Looped.Actors.Clustering;
using Looped.Actors.Evaluating;
using Looped.Actors.Logging;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.CommandLine;
using Looped.Host.Logging;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;

namespace Looped.Host.Clustering;

/// <summary>
/// A node that measures the validation loss of every checkpoint that has no evaluation yet, and takes no part in training. It only
/// observes: whatever it does, no weight depends on it.
/// </summary>
internal sealed class EvaluatorProcess(WorkerOptions options)
{
    /// <summary>Runs until the run is over or a signal comes, and gives the exit code.</summary>
    public async Task<int> Run()
    {
        string name = $"evaluator-{Environment.MachineName}-{Environment.ProcessId}";
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        byte[] secret = ClusterSecret.Here(options.SecretFile, [options.Listen, .. options.Seeds]);
        await using var link = new ClusterLink(options, secret, name, ClusterRoles.Evaluator);
        if (await link.LearnRun() is not { } run)
        {
            Terminal.Out.WriteLine("the run is over; there is nothing to do");
            return ExitCode.Finished;
        }
        RunRecipe recipe = RecipeFile.Parse<RunRecipe>(run.Recipe, "the cluster's recipe", []);
        if (options.Device is { } device) recipe = recipe with { Training = recipe.Training with { Device = device } };
        link.Use(new ClusterTimings(recipe.Cluster.WorkerTimeout));
        var folder = new RunFolder(options.RunFolder ?? run.RunFolder);
        using ProcessLog log = ProcessLog.Open(folder, "evaluator", options.Verbose);
        using RunData data = RunData.OpenSame(recipe, run.DataHash);
        using var recorder = RunRecorder.Create(folder, recipe, run.DataHash);
        using var evaluator = new SnapshotEvaluator(recipe, data.CreateModel, data.Validation);
        Terminal.Out.WriteLine($"{name} evaluates the checkpoints of {recipe.Name}");
        while (true)
        {
            // The picture first: a checkpoint that is written before the run ends is seen below.
            RunEnded? ended = (await link.Look())?.Ended;
            foreach (long step in Pending(folder)) await Evaluate(folder, recipe, recorder, evaluator, step, log.Run, stop.Token);
            if (ended is not null) return ExitCode.Finished;
            if (stop.IsCancellationRequested) return ExitCode.Drained;
            await Task.WhenAny(Task.Delay(1000, stop.Token));
        }
    }

    private static long[] Pending(RunFolder folder)
    {
        HashSet<long> evaluated = [.. StepLog.Read<EvaluationReport>(folder.Evaluations).Select(e => e.Step)];
        return [.. CheckpointStore.Steps(folder.Checkpoints).Where(step => !evaluated.Contains(step)).Order()];
    }

    private static async Task Evaluate(RunFolder folder, RunRecipe recipe, RunRecorder recorder, SnapshotEvaluator evaluator, long step, RunLogger log, CancellationToken stop)
    {
        TrainingSnapshot snapshot;
        try
        {
            snapshot = CheckpointReader.Load(CheckpointStore.PathOf(folder.Checkpoints, step)).Snapshot;
        }
        catch (LoopedException e) when (!Directory.Exists(CheckpointStore.PathOf(folder.Checkpoints, step)))
        {
            Terminal.Out.WriteLine($"step {step}: {e.Message}"); // retention was faster
            return;
        }
        var done = new TaskCompletionSource<EvaluationReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool full = step >= recipe.Training.Steps;
        evaluator.Post(snapshot, full,
            (result, seconds) => done.TrySetResult(new EvaluationReport(step, result.Loss, result.Perplexity, result.Tokens, full, seconds)),
            error => done.TrySetException(new LoopedException($"The evaluation of step {step} failed: {error}")));
        EvaluationReport report = await done.Task.WaitAsync(stop);
        recorder.RecordEvaluation(report);
        RunLog.Evaluated(log, step, report.Loss, report.Perplexity);
        Terminal.Out.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"step {step}: validation perplexity {report.Perplexity:0.00} ({report.Tokens:N0} tokens)"));
    }
}
