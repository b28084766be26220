using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Models;
using Looped.Models.Evaluation.Parity;
using Spectre.Console;
using static TorchSharp.torch;

namespace Looped.Host.Commands;

/// <summary><c>looped parity</c>: our models against the numbers of the original implementations.</summary>
internal static class ParityCommand
{
    private const string Double = "float64";

    public static Command Create()
    {
        var paths = new Argument<string[]>("vectors")
        {
            Description = "Reference vectors (JSON), tokenizer case files, or folders that are searched for them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var family = new Option<string?>("--family") { Description = "Only vectors of this family." };
        var only = new Option<string[]>("--only") { Description = "Only rows whose name or name/row matches this glob; may be given several times." };
        var precision = new Option<string>("--precision")
        {
            Description = "What our models compute in; float64 shows how much of an error is rounding.",
            DefaultValueFactory = _ => "float32",
        };
        precision.AcceptOnlyFromAmong("float32", Double);
        var device = new Option<string>("--device") { Description = "Where our models compute: cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu", HelpName = "DEVICE" };
        var json = new Option<bool>("--json") { Description = "Print JSON, with every compared output." };
        var command = new LoopedCommand("parity", "Compare our models with reference vectors; fails if any output is beyond its tolerance.")
        {
            Examples = ["looped parity vectors/cotformer", "looped parity vectors --family cotformer --only 'base*' --only 'macs/base*'"],
        };
        command.Add(paths);
        foreach (Option option in (Option[])[family, only, precision, device, json]) command.Add(option);
        command.SetAction(parsed =>
        {
            GpuChecks.Require(parsed.GetRequiredValue(device), device.Name);
            var request = new ParityRequest(parsed.GetRequiredValue(paths), parsed.GetValue(family), parsed.GetValue(only) ?? [],
                parsed.GetValue(precision) == Double ? ScalarType.Float64 : ScalarType.Float32,
                parsed.GetRequiredValue(device));
            ParityRow[] rows = [.. ParitySuite.Run(request)];
            if (rows.Length == 0) throw new UsageException(NothingFound(request));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(Json(rows));
            else Print(rows);
            return Count(rows, ParityOutcome.Failed) > 0 ? ExitCode.Failed : ExitCode.Finished;
        });
        return command;
    }

    private static string NothingFound(ParityRequest request)
    {
        string where = string.Join(", ", request.Paths), family = request.Family is { } name ? $" of the family {name}" : "";
        string globs = request.Only is { Count: > 0 } only ? $" that matches {string.Join(" or ", only)}" : "";
        return $"Nothing to compare: {where} holds no reference vector{family}{globs}; check the path, --family and --only.";
    }

    private static void Print(ParityRow[] rows)
    {
        Table table = new Table().AddColumn(new TableColumn("case").NoWrap()).AddColumns("result", "output", "largest error", "allowed");
        foreach (ParityRow row in rows)
        {
            string Lines(Func<ParityComparison, string> text) => Markup.Escape(string.Join('\n', row.Summary().Select(text)));
            string outputs = $"{Lines(c => c.Name)}\n{Markup.Escape(row.Message)}".Trim('\n');
            table.AddRow(Markup.Escape(row.FullName), Result(row.Outcome), outputs, Lines(c => Number(c.LargestError)), Lines(c => Number(c.Allowed)));
        }
        Terminal.Out.Console.Write(table);
        Terminal.Out.WriteLine($"{Count(rows, ParityOutcome.Passed)} passed, {Count(rows, ParityOutcome.Failed)} failed, {Count(rows, ParityOutcome.NotCompared)} not compared");
    }

    private static string Result(ParityOutcome outcome) => outcome switch
    {
        ParityOutcome.Passed => "[green]pass[/]",
        ParityOutcome.Failed => "[red]FAIL[/]",
        _ => "[grey]not compared[/]",
    };

    private static int Count(ParityRow[] rows, ParityOutcome outcome) => rows.Count(r => r.Outcome == outcome);

    private static string Number(double value) => double.IsNaN(value) ? "-" : value == 0 ? "0" : value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    private static JsonObject Json(ParityRow[] rows) => new()
    {
        ["passed"] = Count(rows, ParityOutcome.Passed),
        ["failed"] = Count(rows, ParityOutcome.Failed),
        ["not_compared"] = Count(rows, ParityOutcome.NotCompared),
        ["rows"] = new JsonArray([.. rows.Select(Json)]),
    };

    private static JsonObject Json(ParityRow row) => new()
    {
        ["name"] = row.Vector,
        ["row"] = row.Case,
        ["outcome"] = row.Outcome switch { ParityOutcome.Passed => "passed", ParityOutcome.Failed => "failed", _ => "not_compared" },
        ["message"] = row.Message,
        ["outputs"] = new JsonArray([.. row.Comparisons.Select(Json)]),
    };

    private static JsonObject Json(ParityComparison output) => new()
    {
        ["name"] = output.Name,
        ["largest_error"] = Finite(output.LargestError),
        ["allowed"] = Finite(output.Allowed),
        ["passed"] = output.Passed,
    };

    // JSON has no NaN: an output that could not be compared has no error.
    private static JsonNode? Finite(double value) => double.IsFinite(value) ? value : null;
}
