using System.CommandLine;
using System.Globalization;
using Looped.Actors.Recipes;
using Looped.Host.Chaos;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Host.Inspection;
using Looped.Host.Progress;
using Looped.Host.Recipes;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped chaos</c>: seeded failures, and whether the weights are those of an undisturbed run.</summary>
internal static class ChaosCommand
{
    public static Command Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: false);
        Option<string[]> set = RecipeOptions.Set();
        var seed = new Option<long?>("--random-seed") { Description = "What the failures are drawn from; the same number gives the same ones.", HelpName = "N" };
        var workers = new Option<int>("--workers") { Description = "Workers at the start, each a process of this machine.", HelpName = "N", DefaultValueFactory = _ => 3 };
        var trace = new Option<string?>("--trace") { Description = "Instead: replay a recorded trace of machines that came and went, a node to a worker.", HelpName = "FILE" };
        var scale = new Option<double>("--time-scale") { Description = "Replay the trace this many times faster than recorded.", HelpName = "X", DefaultValueFactory = _ => 1 };
        var most = new Option<int>("--workers-at-most") { Description = "Of the trace's nodes, run this many at once; the others wait.", HelpName = "N", DefaultValueFactory = _ => 4 };
        var run = new Option<string?>("--run") { Description = "Keep both runs in this folder; by default they are thrown away if all is well.", HelpName = "DIR" };
        Option<bool> json = new("--json") { Description = "Print JSON for another program; what happens goes to standard error." };
        var command = new LoopedCommand("chaos", "Kill, stop and restart a cluster's processes by a seeded plan, and compare with an undisturbed run; exit code 1 unless equal to the bit.")
        {
            Examples =
            [
                "looped chaos demo --random-seed 7", "looped chaos quickstart --random-seed 1 --workers 4 --set training.threads=1",
                "looped chaos demo --trace data/traces/p3.csv --time-scale 200 --workers-at-most 3",
            ],
        };
        command.Add(recipe);
        foreach (Option option in (Option[])[seed, workers, trace, scale, most, set, run, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            RunRecipe loaded = parsed.Load(recipe, set);
            GpuChecks.Require(loaded.Training.Device);
            (string? file, long? random) = (parsed.GetValue(trace), parsed.GetValue(seed));
            if (file is null == random is null) throw new UsageException("Say where the failures come from: --random-seed N, or --trace FILE.");
            foreach (Option without in file is null ? (Option[])[scale, most] : [workers])
                if (parsed.GetResult(without) is { Implicit: false })
                    throw new UsageException($"{without.Name} belongs to {(file is null ? "--trace FILE" : "--random-seed N")} and would change nothing here; leave it out.");
            ChaosSchedule schedule = file is null
                ? ChaosSchedule.Create(random!.Value, loaded.Training.Steps, WorkerCount.Checked(parsed.GetValue(workers), loaded.Batch), loaded.Cluster.WorkerTimeout)
                : PreemptionTrace.ToSchedule(PreemptionTrace.Read(file), Positive(scale.Name, parsed.GetValue(scale)), AtLeastOne(most.Name, parsed.GetValue(most)));
            bool quiet = parsed.GetValue(json);
            var experiment = new ChaosExperiment(loaded, parsed.GetValue(run), quiet ? Terminal.Error.WriteLine : Terminal.Out.WriteLine,
                () => quiet ? new NotesDisplay(Terminal.Error.WriteLine) : Terminal.Out.IsInteractive ? new LiveDisplay(Terminal.Out.Console, TimeProvider.System) : new NotesDisplay(Terminal.Out.WriteLine));
            ChaosReport? report = await experiment.Run($"{loaded.Name}, {loaded.Training.Steps} steps by one worker that nobody disturbs",
                $"the same by {schedule.Workers} worker processes, {schedule.Events.Count} disturbances from {(file is null ? $"random seed {random}" : file)}", schedule, random);
            if (report is null) return ExitCode.Interrupted;
            if (quiet) Terminal.Out.WriteJson(InspectionJson.ToNode(report));
            else report.Write(Terminal.Out);
            return report.Good ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }

    private static int AtLeastOne(string option, int value) => value > 0 ? value : throw new UsageException($"{option} is {value}; it must be at least 1.");

    private static double Positive(string option, double value) => value > 0 && double.IsFinite(value) ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; it must be more than 0."));
}
