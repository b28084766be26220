using System.CommandLine;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Dashboards;
using Looped.Host.Doctor;
using Looped.Host.Plots;
using Looped.Host.Progress;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Data.Tasks;

namespace Looped.Host.Commands;

/// <summary><c>looped train</c>: the main job, seed and worker in one process.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var run = new Option<string?>("--run") { Description = "The run folder; runs/NAME by default. A run that is there is continued.", HelpName = "DIR" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the resolved recipe, sizes and costs, and stop." };
        var extend = new Option<bool>("--extend") { Description = "Allow training.steps to be larger than the run's; the schedule is stretched." };
        var maxTime = new Option<double?>("--max-time") { Description = "Stop cleanly, with a checkpoint and exit code 75, after this many minutes.", HelpName = "MINUTES" };
        var workers = new Option<int?>("--workers") { Description = "Train in this many worker processes on this machine; the result has the same bits.", HelpName = "N" };
        var dashboard = new Option<bool>("--dashboard") { Description = "Open the live dashboard, if it does not run yet, and send telemetry to it." };
        var json = new Option<bool>("--json") { Description = "With --dry-run: print JSON." };
        var command = new LoopedCommand("train", "Train a model; without a recipe, the quickstart. Run again, it continues where it stopped.")
        {
            Examples = ["looped train", "looped train quickstart --set training.steps=300 --run runs/longer", "looped train quickstart --workers 2 --set training.threads=1", "looped train --dashboard", "looped train my-recipe.yaml --dry-run"],
        };
        command.Add(recipe);
        foreach (Option option in (Option[])[set, run, workers, dashboard, dryRun, extend, maxTime, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            RunRecipe loaded = parsed.Load(recipe, set);
            int processes = Workers(parsed.GetValue(workers), loaded);
            if (parsed.GetValue(json) && !parsed.GetValue(dryRun)) throw new UsageException("--json is for --dry-run; what a training run reports is in its folder: metrics.jsonl and summary.json.");
            if (parsed.GetValue(dryRun)) return DryRun(loaded, parsed.GetValue(json));
            GpuChecks.Require(loaded.Training.Device);
            if (parsed.GetValue(maxTime) is { } minutes && !(minutes > 0)) throw new UsageException($"--max-time is {minutes}; it must be more than 0 minutes.");
            await FollowDashboard(parsed.GetValue(dashboard));
            var folder = new RunFolder(parsed.GetValue(run) ?? Path.Combine("runs", loaded.Name));
            return await Train(loaded, folder, parsed.GetValue(extend), parsed.GetValue(maxTime), processes, Again(parsed), LoopedProgram.IsVerbose(parsed));
        });
        return command;
    }

    private static async Task FollowDashboard(bool open)
    {
        if (open && DashboardPointer.Find() is null) await AspireDashboard.Start(new DashboardPorts());
        if (DashboardPointer.Follow() is { } followed)
            Terminal.Out.WriteLine($"Dashboard {followed.Page} shows this run live{(open ? "; it stays when the run ends, until `looped dashboard --stop`" : "")}.");
        else if (open) Terminal.Error.WriteWarning("OTEL_EXPORTER_OTLP_ENDPOINT is set, so telemetry goes there and not to the dashboard; unset it to see this run there.");
    }

    private static int DryRun(RunRecipe recipe, bool json)
    {
        using RunData data = RunData.Open(recipe);
        using var model = data.CreateModel();
        DryRunReport report = DryRunReport.Create(recipe, model, data.Vocabulary, data.Training.SequenceCount);
        if (json) Terminal.Out.WriteJson(report.ToJson());
        else report.Print(Terminal.Out);
        return ExitCode.Finished;
    }

    private static async Task<int> Train(RunRecipe recipe, RunFolder folder, bool extend, double? maxMinutes, int workers, string again, bool verbose)
    {
        if (RunSession.FindFinished(folder, recipe, extend) is { } finished)
        {
            RunFarewell.AlreadyFinished(Terminal.Out, folder, finished);
            return ExitCode.Finished;
        }
        using RunData data = RunData.Open(recipe);
        RunSummary summary;
        string? stoppedBy;
        using (RunSession session = RunSession.Open(folder, recipe, data.Dataset.ContentHash, extend, TimeProvider.System))
        {
            foreach (string warning in session.Warnings) Terminal.Error.WriteWarning(warning);
            using var display = new GradientWatch(
                Terminal.Out.IsInteractive ? new LiveDisplay(Terminal.Out.Console, TimeProvider.System) : new PlainDisplay(), recipe.Evaluation.Every);
            display.Note(data.Training.Describe());
            display.Start(recipe.Name, session.Restored?.Step ?? 0, recipe.Training.Steps);
            TimeSpan? limit = maxMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null;
            if (workers == 0)
            {
                var training = new TrainRun(session, data, display, verbose);
                summary = await training.Run(limit);
                stoppedBy = training.StoppedBy;
            }
            else
            {
                var cluster = new LocalCluster(session, data, display, workers, verbose);
                summary = await cluster.Run(limit);
                stoppedBy = cluster.StoppedBy;
            }
        }
        if (summary.Steps > 0) LossPlot.Save([RunCurve.Read(folder)], folder.LossPlot);
        switch (summary.Status)
        {
            case RunStatus.Finished:
                RunFarewell.Finished(Terminal.Out, folder, summary);
                RunFarewell.Sample(Terminal.Out, folder);
                RunFarewell.Next(Terminal.Out, folder, data.Dataset is AdditionDataset);
                return ExitCode.Finished;
            case RunStatus.Interrupted:
                string where = CheckpointStore.Steps(folder.Checkpoints).Count > 0 ? $"the checkpoint is in {folder.Checkpoints}" : "there is no checkpoint yet";
                Terminal.Out.WriteLine($"Stopped after step {summary.Steps} of {summary.TotalSteps}; {where}.");
                Terminal.Out.WriteLine($"To continue, with the same bits as without the stop: {again}");
                return stoppedBy == "SIGINT" ? ExitCode.Interrupted : ExitCode.Drained;
            default:
                throw new LoopedException($"{summary.Error} The run folder {folder.Root} keeps everything up to the last checkpoint.");
        }
    }

    /// <summary>Worker processes; 0 to train in this one.</summary>
    private static int Workers(int? asked, RunRecipe recipe) => asked is { } workers ? WorkerCount.Checked(workers, recipe.Batch) : 0;

    /// <summary>The command line that continues the run.</summary>
    private static string Again(ParseResult parsed) =>
        string.Join(' ', parsed.Tokens.Select(t => t.Value.Contains(' ', StringComparison.Ordinal) ? $"'{t.Value}'" : t.Value).Prepend("looped"));
}
