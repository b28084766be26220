using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Recipes;

namespace Looped.Host.Commands;

/// <summary>Benchmarks that start worker processes: <c>looped bench recovery</c>, <c>reduction</c>, <c>overlap</c> and <c>goodput</c>.</summary>
internal static class BenchClusterCommands
{
    public static LoopedCommand CreateRecovery()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var workers = new Option<int>("--workers") { Description = "Worker processes.", DefaultValueFactory = _ => 3 };
        var kills = new Option<int>("--kills") { Description = "How many are killed, each replaced by a new one.", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("recovery", "Kill workers of a running cluster and measure the pauses, of losses and of joins.")
        {
            Examples = ["looped bench recovery --set training.threads=1", "looped bench recovery demo --kills 5"],
            Arguments = { recipe },
            Options = { set, workers, kills, json },
        };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(workers) < 2 || parsed.GetValue(kills) < 1) throw new UsageException("--workers must be at least 2 and --kills at least 1.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            bool asJson = parsed.GetValue(json);
            RecoveryResult result = await new RecoveryBenchmark(loaded, data, parsed.GetValue(workers)).Run(parsed.GetValue(kills),
                line => { if (!asJson) Terminal.Out.WriteLine(line); });
            if (asJson)
            {
                Terminal.Out.WriteJson(new JsonObject
                {
                    ["kills_seconds"] = new JsonArray([.. result.Kills.Select(k => JsonValue.Create(k))]),
                    ["joins_seconds"] = new JsonArray([.. result.Joins.Select(k => JsonValue.Create(k))]),
                    ["step_seconds"] = result.Step,
                    ["parameters"] = result.Parameters,
                });
                return ExitCode.Finished;
            }
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{parsed.GetValue(workers)} workers, {result.Parameters:N0} parameters, step {1000 * result.Step:0} ms, worker_timeout {loaded.Cluster.WorkerTimeout.TotalSeconds:0.#} s"));
            Terminal.Out.WriteLine($"SIGKILL to the next committed step, without the step itself: {Distribution(result.Kills)}");
            Terminal.Out.WriteLine($"pause when a worker joins, copy included, without the step itself: {Distribution(result.Joins)}");
            return ExitCode.Finished;
        });
        return command;
    }

    public static LoopedCommand CreateReduction() => CreatePair("reduction", "Compare steps with exact and with float32 gradient sums, in worker processes.",
        "looped bench reduction --set training.threads=1",
        recipe => new("exact", recipe with { Training = recipe.Training with { Reduction = Reduction.Exact64 } }),
        recipe => new("float32", recipe with { Training = recipe.Training with { Reduction = Reduction.Float32 } }), "exact sums change a step by");

    public static LoopedCommand CreateOverlap() => CreatePair("overlap", "Compare steps whose gradients travel during the backward pass with steps whose gradients travel after it, in worker processes.",
        "looped bench overlap --set model.variant=base --set training.threads=1",
        recipe => new("overlapped", recipe with { Cluster = recipe.Cluster with { Overlap = true } }),
        recipe => new("one after the other", recipe with { Cluster = recipe.Cluster with { Overlap = false } }), "overlap changes a step by");

    private static LoopedCommand CreatePair(string name, string summary, string example, Func<RunRecipe, Contender> first, Func<RunRecipe, Contender> second, string verdict)
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var workers = new Option<int>("--workers") { Description = "Worker processes.", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Pairs of measurements.", DefaultValueFactory = _ => 3 };
        var steps = new Option<int>("--steps") { Description = "Measured steps of each.", DefaultValueFactory = _ => 12 };
        var command = new LoopedCommand(name, summary)
        {
            Examples = [example],
            Arguments = { recipe },
            Options = { set, workers, rounds, steps },
        };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(workers) < 1 || parsed.GetValue(rounds) < 1 || parsed.GetValue(steps) < 2)
                throw new UsageException("--workers and --rounds must be at least 1, --steps at least 2.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            StepPairResult result = await new StepPairBenchmark(first(loaded), second(loaded), data, parsed.GetValue(workers))
                .Run(parsed.GetValue(rounds), parsed.GetValue(steps), Terminal.Out.WriteLine);
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{parsed.GetValue(workers)} workers, {result.Parameters:N0} parameters: {verdict} {100 * result.Extra:+0.0;-0.0} %"));
            return ExitCode.Finished;
        });
        return command;
    }

    public static LoopedCommand CreateGoodput()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var minutes = new Option<double>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 10 };
        var every = new Option<double>("--every") { Description = "Mean seconds between events.", DefaultValueFactory = _ => 30 };
        var seed = new Option<int>("--random-seed") { Description = "Seed of the schedule.", DefaultValueFactory = _ => 1 };
        var command = new LoopedCommand("goodput", "Kill and replace one of two workers at random times; what share of the possible work is committed?")
        {
            Examples = ["looped bench goodput --minutes 10 --set training.threads=1"],
            Arguments = { recipe },
            Options = { set, minutes, every, seed },
        };
        command.SetAction(async (parsed, _) =>
        {
            if (!(parsed.GetValue(minutes) > 0) || !(parsed.GetValue(every) > 0)) throw new UsageException("--minutes and --every must be more than 0.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            GoodputResult result = await new GoodputBenchmark(loaded, data).Run(parsed.GetValue(minutes), parsed.GetValue(every), parsed.GetValue(seed),
                Terminal.Out.WriteLine);
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Minutes:0.0} minutes, {result.Events} events: {result.Committed} steps of {result.Possible:0.0} possible, goodput {100 * result.Goodput:0.0} %"));
            return ExitCode.Finished;
        });
        return command;
    }

    private static string Distribution(IReadOnlyList<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        double p99 = sorted[(int)Math.Ceiling(0.99 * sorted.Length) - 1];
        return string.Create(CultureInfo.InvariantCulture, $"median {1000 * median:0} ms, p99 {1000 * p99:0} ms, of {sorted.Length}");
    }
}
