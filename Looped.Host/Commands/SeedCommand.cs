using System.CommandLine;
using Looped.Actors.Clustering;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Dashboards;
using Looped.Host.Plots;
using Looped.Host.Progress;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped seed</c>: the node that supervises a run and trains nothing.</summary>
internal static class SeedCommand
{
    public static Command Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        Option<string> listen = ClusterOptions.Listen("127.0.0.1:4053");
        Option<string[]> seeds = ClusterOptions.Seeds("Seeds that are there already; the node stands by for them.", required: false);
        Option<string?> secret = ClusterOptions.SecretFile(), advertise = ClusterOptions.Advertise();
        var run = new Option<string?>("--run") { Description = "The run folder, visible to all nodes; runs/NAME by default. A run that is there is continued.", HelpName = "DIR" };
        var workers = new Option<int>("--workers") { Description = "Wait for this many workers, a minute at most, before the first step.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<bool> input = ClusterOptions.UntilInputCloses();
        var extend = new Option<bool>("--extend") { Description = "Allow training.steps to be larger than the run's; the schedule is stretched." };
        var command = new LoopedCommand("seed", "Supervise a run for workers that come and go; the run is continued if it is there.")
        {
            Examples = ["looped seed quickstart --listen 127.0.0.1:4053", "looped seed quickstart --listen 127.0.0.1:4054 --seed 127.0.0.1:4053"],
        };
        command.Add(recipe);
        foreach (Option option in (Option[])[listen, seeds, run, set, extend, workers, secret, advertise, input, NodeFile.Option()]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            RunRecipe loaded = parsed.Load(recipe, set);
            DashboardPointer.Follow();
            int expected = WorkerCount.Checked(parsed.GetValue(workers), loaded.Batch);
            NodeAddress address = LocalAddress.Known(ListenAddress.Parse("--listen", parsed.GetValue(listen)!, anyPort: true));
            var options = new SeedOptions
            {
                Listen = address,
                Advertise = ListenAddress.Advertised(address, parsed.GetValue(advertise)),
                Seeds = ClusterOptions.Addresses(parsed.GetValue(seeds)),
                SecretFile = parsed.GetValue(secret),
                ExpectedWorkers = expected,
                GatherWindow = expected > 1 ? TimeSpan.FromMinutes(1) : TimeSpan.FromMilliseconds(500),
                UntilInputCloses = parsed.GetValue(input),
                Verbose = LoopedProgram.IsVerbose(parsed),
            };
            return await Run(loaded, new RunFolder(parsed.GetValue(run) ?? Path.Combine("runs", loaded.Name)), options, parsed.GetValue(extend));
        });
        return command;
    }

    private static async Task<int> Run(RunRecipe recipe, RunFolder folder, SeedOptions options, bool extend)
    {
        if (RunSession.FindFinished(folder, recipe, extend) is { } finished)
        {
            RunFarewell.AlreadyFinished(Terminal.Out, folder, finished);
            return ExitCode.Finished;
        }
        using RunData data = RunData.Open(recipe);
        if (options.Seeds.Count > 0) Terminal.Out.WriteLine($"looks for a seed at {string.Join(", ", options.Seeds)} …");
        if (options.Seeds.Count > 0 && !await Fits(recipe, folder, data, options))
        {
            Terminal.Out.WriteLine("the run is over; there is nothing to do");
            return ExitCode.Finished;
        }
        // The first seed answers for the run folder; one that stands by finds it taken.
        using RunSession? session = options.Seeds.Count == 0 ? RunSession.Open(folder, recipe, data.Dataset.ContentHash, extend, TimeProvider.System) : null;
        foreach (string warning in session?.Warnings ?? []) Terminal.Error.WriteWarning(warning);
        using var display = new GradientWatch(new PlainDisplay(), recipe.Evaluation.Every);
        await using var seed = new SeedProcess(options, recipe, folder, data, display);
        display.Note($"seed of {recipe.Name} at {seed.Address}; run folder {folder.Root}");
        display.Note($"add workers:  looped worker --seed {seed.Address}");
        if (options.Seeds.Count > 0) _ = seed.Joined.ContinueWith(_ => display.Note($"stands by for {string.Join(", ", options.Seeds)}"), TaskScheduler.Default);
        display.Start(recipe.Name, session?.Restored?.Step ?? 0, recipe.Training.Steps);
        var noticed = new TaskCompletionSource<string>();
        using var signals = new StopSignals(signal => noticed.TrySetResult(signal), exitCode: ExitCode.Drained);
        if (options.UntilInputCloses) InputWatch.WhenClosed(() => noticed.TrySetResult("input closed"));
        if (await Task.WhenAny(seed.Ended, noticed.Task) == noticed.Task)
        {
            display.Note($"{await noticed.Task}: this seed leaves; workers train on, and wait at the next change of members for a seed to come back");
            return ExitCode.Drained;
        }
        RunEnded ended = await seed.Ended;
        await seed.Linger();
        using RunSession? late = session is null ? TryOpen(folder, recipe, data, extend) : null;
        if (seed.Settle(session ?? late, ended) is { Steps: > 0 }) LossPlot.Save([RunCurve.Read(folder)], folder.LossPlot);
        return ended.Outcome switch
        {
            RunOutcome.Finished => Finished(display, folder, ended),
            RunOutcome.Interrupted => Stopped(display, ended),
            _ => throw new LoopedException($"{ended.Reason} The run folder {folder.Root} keeps everything up to the last checkpoint."),
        };
    }

    /// <summary>Makes sure that a seed could go on with the run that it stands by for; false if that is over.</summary>
    private static async Task<bool> Fits(RunRecipe recipe, RunFolder folder, RunData data, SeedOptions options)
    {
        if (await ClusterVisit.Describe(options.Seeds, options.SecretFile, options.Wait) is not { } run) return false;
        string? reason = StandBy.Refusal(run, recipe, data.Dataset.ContentHash) ?? await SharedRunFolder.Refusal(folder, run);
        return reason is null ? true : throw new UsageException(reason);
    }

    private static int Finished(GradientWatch display, RunFolder folder, RunEnded ended)
    {
        display.Note($"finished after {ended.Step} steps; look at it with  looped status {folder.Root}");
        return ExitCode.Finished;
    }

    private static int Stopped(GradientWatch display, RunEnded ended)
    {
        display.Note($"stopped at step {ended.Step}: {ended.Reason}; start the seed and workers again to continue");
        return ExitCode.Finished;
    }

    private static RunSession? TryOpen(RunFolder folder, RunRecipe recipe, RunData data, bool extend)
    {
        try
        {
            return RunSession.Open(folder, recipe, data.Dataset.ContentHash, extend, TimeProvider.System);
        }
        catch (LoopedException)
        {
            return null; // the other seed lives and writes the summary
        }
    }
}
