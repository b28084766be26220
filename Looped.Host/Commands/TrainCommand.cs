using System.CommandLine;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Host.Progress;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;

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
        var json = new Option<bool>("--json") { Description = "With --dry-run: print JSON." };
        var command = new LoopedCommand("train", "Train a model; without a recipe, the quickstart. Run again, it continues where it stopped.")
        {
            Examples = ["looped train", "looped train quickstart --set training.steps=300 --run runs/longer", "looped train my-recipe.yaml --dry-run"],
        };
        command.Add(recipe);
        foreach (Option option in (Option[])[set, run, dryRun, extend, maxTime, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            RunRecipe loaded = parsed.Load(recipe, set);
            if (parsed.GetValue(dryRun)) return DryRun(loaded, parsed.GetValue(json));
            if (parsed.GetValue(maxTime) is { } minutes && !(minutes > 0)) throw new UsageException($"--max-time is {minutes}; it must be more than 0 minutes.");
            var folder = new RunFolder(parsed.GetValue(run) ?? Path.Combine("runs", loaded.Name));
            return await Train(loaded, folder, parsed.GetValue(extend), parsed.GetValue(maxTime), Again(parsed));
        });
        return command;
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

    private static async Task<int> Train(RunRecipe recipe, RunFolder folder, bool extend, double? maxMinutes, string again)
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
            using ITrainingDisplay display = Terminal.Out.IsInteractive ? new LiveDisplay(Terminal.Out.Console, TimeProvider.System) : new PlainDisplay();
            display.Note(data.Training.Describe());
            display.Start(recipe.Name, session.Restored?.Step ?? 0, recipe.Training.Steps);
            var training = new TrainRun(session, data, display);
            summary = await training.Run(maxMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null);
            stoppedBy = training.StoppedBy;
        }
        if (summary.Steps > 0) LossPlot.Save([RunCurve.Read(folder)], folder.LossPlot);
        switch (summary.Status)
        {
            case RunStatus.Finished:
                RunFarewell.Finished(Terminal.Out, folder, summary);
                RunFarewell.Sample(Terminal.Out, folder);
                RunFarewell.Next(Terminal.Out, folder);
                return ExitCode.Finished;
            case RunStatus.Interrupted:
                Terminal.Out.WriteLine($"Stopped after step {summary.Steps} of {summary.TotalSteps}; the checkpoint is in {folder.Checkpoints}.");
                Terminal.Out.WriteLine($"To continue, with the same bits as without the stop: {again}");
                return stoppedBy == "SIGINT" ? ExitCode.Interrupted : ExitCode.Drained;
            default:
                throw new LoopedException($"{summary.Error} The run folder {folder.Root} keeps everything up to the last checkpoint.");
        }
    }

    /// <summary>The command line that continues the run.</summary>
    private static string Again(ParseResult parsed) =>
        string.Join(' ', parsed.Tokens.Select(t => t.Value.Contains(' ', StringComparison.Ordinal) ? $"'{t.Value}'" : t.Value).Prepend("looped"));
}
