using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Host.Commands;

/// <summary><c>looped bench</c>: the numbers that the README quotes.</summary>
internal static class BenchCommand
{
    public static Command Create() => new LoopedCommand("bench", "Measure speed on this machine.")
    {
        Examples = ["looped bench step", "looped bench ring --world 4", "looped bench recovery --set training.threads=1"],
        Subcommands =
        {
            CreateStep(), BenchRingCommand.Create(), BenchRingCommand.CreateRank(),
            BenchClusterCommands.CreateRecovery(), BenchClusterCommands.CreateReduction(), BenchClusterCommands.CreateOverlap(), BenchSupervisorCommand.Create(), BenchClusterCommands.CreateGoodput(),
            BenchTelemetryCommand.Create(), BenchRepeatsCommand.Create(),
        },
    };

    private static LoopedCommand CreateStep()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var rounds = new Option<int>("--rounds") { Description = "Pairs of measurements.", DefaultValueFactory = _ => 6 };
        var steps = new Option<int>("--steps") { Description = "Measured steps of each.", DefaultValueFactory = _ => 12 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("step", "Compare a run's step (actors, exact sums, logs) with a bare loop of the same model.")
        {
            Examples = ["looped bench step", "looped bench step quickstart --rounds 2 --set training.threads=1"],
            Arguments = { recipe },
            Options = { set, rounds, steps, json },
        };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(rounds) < 1 || parsed.GetValue(steps) < 1) throw new UsageException("--rounds and --steps must be at least 1.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            bool asJson = parsed.GetValue(json);
            StepBenchmarkResult result = await new StepBenchmark(loaded, data).Run(parsed.GetValue(rounds), parsed.GetValue(steps),
                line => { if (!asJson) Terminal.Out.WriteLine(line); });
            if (asJson) Terminal.Out.WriteJson(Json(result));
            else Print(loaded, result);
            return ExitCode.Finished;
        });
        return command;
    }

    private static void Print(RunRecipe recipe, StepBenchmarkResult result)
    {
        Terminal.Out.WriteLine();
        Terminal.Out.WriteLine(NumericsFingerprint.Current(recipe.Training).Describe());
        Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"as a run {result.Actors:N0} tokens/s, bare {result.Bare:N0} tokens/s, median ratio {result.Ratio:0.000}"));
        Terminal.Out.WriteLine(result.Stalled is { } stalled
            ? string.Create(CultureInfo.InvariantCulture, $"stalled for snapshots {100 * stalled:0.00} % of the time, a checkpoint every 50 steps")
            : "the stall of a checkpoint was not measured: its first comes at step 50, so use --steps 60");
    }

    private static JsonObject Json(StepBenchmarkResult result) => new()
    {
        ["actors_tokens_per_second"] = result.Actors,
        ["bare_tokens_per_second"] = result.Bare,
        ["ratio"] = result.Ratio,
        ["stalled_share"] = result.Stalled,
    };
}
