using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Host.Evaluations;
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
            if (parsed.GetValue(json))
            {
                Terminal.Out.WriteJson(new JsonObject
                {
                    ["off_seconds"] = result.Off.Seconds,
                    ["extra"] = result.Extra.Mean,
                    ["extra_half_width"] = EvalJson.Number(result.Extra.HalfWidth),
                    ["extra_processor"] = result.ExtraProcessor.Mean,
                    ["extra_processor_half_width"] = EvalJson.Number(result.ExtraProcessor.HalfWidth),
                    ["recording_seconds"] = result.Parts.RecordingSeconds,
                    ["exporting_share"] = result.Parts.ExportingShare,
                    ["parts_share"] = result.Parts.Of(result.Off),
                    ["pairs"] = result.Pairs.Count,
                    ["requests"] = result.Requests,
                });
                return ExitCode.Finished;
            }
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"every signal adds {Percent(result.Extra)} of the time of a step ({1000 * result.Off.Seconds:0.0} ms without any), {Percent(result.ExtraProcessor)} of its processor time; {result.Pairs.Count} pairs of blocks, {result.Requests} exports"));
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"by parts, without training: recording adds {1e6 * result.Parts.RecordingSeconds:0.0} µs to a step, exporting and scraping take {1000 * result.Parts.ExportingShare:0.0} ms of processor time a second; together {100 * result.Parts.Of(result.Off):0.00} % of such a step"));
            return ExitCode.Finished;
        });
        return command;
    }

    private static string Percent(Estimate extra) => string.Create(CultureInfo.InvariantCulture, $"{100 * extra.Mean:+0.00;-0.00} ± {100 * extra.HalfWidth:0.00} %");
}
