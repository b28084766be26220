using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped bench telemetry</c>: what all signals cost a step.</summary>
internal static class BenchTelemetryCommand
{
    public static LoopedCommand Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var blocks = new Option<int>("--blocks") { Description = "Pairs of blocks of twelve steps, with all signals and without any.", DefaultValueFactory = _ => 8 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("telemetry", "Compare steps with every signal exported and with none, in turn within one run.")
        {
            Examples = ["looped bench telemetry", "looped bench telemetry quickstart --blocks 20 --set training.threads=1"],
            Arguments = { recipe },
            Options = { set, blocks, json },
        };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(blocks) < 1) throw new UsageException("--blocks must be at least 1.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            TelemetryResult result = await new TelemetryBenchmark(loaded, data).Run(parsed.GetValue(blocks));
            double on = TelemetryResult.Median(result.On, c => c.Seconds), off = TelemetryResult.Median(result.Off, c => c.Seconds);
            if (parsed.GetValue(json))
            {
                Terminal.Out.WriteJson(new JsonObject
                {
                    ["on_seconds"] = on,
                    ["off_seconds"] = off,
                    ["extra"] = result.Extra,
                    ["extra_processor"] = result.ExtraProcessor,
                    ["steps"] = result.On.Count,
                    ["requests"] = result.Requests,
                });
                return ExitCode.Finished;
            }
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"a step takes {1000 * on:0.0} ms with every signal, {1000 * off:0.0} ms with none: {100 * result.Extra:+0.00;-0.00} % of the time, {100 * result.ExtraProcessor:+0.00;-0.00} % of the processor; medians of {result.On.Count} steps each, {result.Requests} exports"));
            return ExitCode.Finished;
        });
        return command;
    }
}
