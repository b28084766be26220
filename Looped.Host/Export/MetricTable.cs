using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Models;

namespace Looped.Host.Export;

/// <summary>
/// The numbers of a run by step: what each line of `metrics.jsonl` and `evaluations.jsonl` has, whatever version of the program wrote it.
/// </summary>
/// <param name="Columns">Names in the order in which they first came; those of evaluations begin with `validation_`.</param>
/// <param name="Rows">Ascending steps.</param>
internal sealed record MetricTable(IReadOnlyList<string> Columns, IReadOnlyList<MetricRow> Rows)
{
    private const string Evaluation = "validation_";

    /// <summary>Reads a run's numbers.</summary>
    /// <exception cref="LoopedException">A line is malformed, or there is none.</exception>
    public static MetricTable Read(RunFolder run)
    {
        var columns = new List<string>();
        var rows = new SortedDictionary<long, Dictionary<string, JsonValue>>();
        Add(run.Metrics, "", columns, rows);
        Add(run.Evaluations, Evaluation, columns, rows);
        if (rows.Count == 0) throw new UsageException($"There is nothing to export in {run.Root}: {run.Metrics} has no steps.");
        return new MetricTable(columns, [.. rows.Select(r => new MetricRow(r.Key, r.Value))]);
    }

    private static void Add(string path, string prefix, List<string> columns, SortedDictionary<long, Dictionary<string, JsonValue>> rows)
    {
        var lines = new SortedDictionary<long, JsonObject>();
        foreach (JsonLine line in StepLog.ReadLines<JsonLine>(path)) lines[line.Step] = line.Values; // the last line of a step counts
        foreach ((long step, JsonObject line) in lines)
        {
            if (!rows.TryGetValue(step, out Dictionary<string, JsonValue>? row)) rows[step] = row = [];
            foreach ((string key, JsonNode? node) in line)
            {
                if (key == "step" || node is not JsonValue value) continue;
                string column = prefix + key;
                if (!columns.Contains(column)) columns.Add(column);
                row[column] = value;
            }
        }
    }

    /// <summary>Any line with a step.</summary>
    private sealed record JsonLine(long Step) : IStepRecord
    {
        [System.Text.Json.Serialization.JsonExtensionData]
        public JsonObject Values { get; init; } = [];
    }
}

/// <summary>A step's numbers by column.</summary>
internal sealed record MetricRow(long Step, IReadOnlyDictionary<string, JsonValue> Values)
{
    /// <summary>A value as a number: true is 1; null if it is not known or a text.</summary>
    public double? Number(string column) => !Values.TryGetValue(column, out JsonValue? value) ? null : value.GetValueKind() switch
    {
        JsonValueKind.Number => value.GetValue<double>(),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.String when value.GetValue<string>() is "NaN" => double.NaN,
        JsonValueKind.String when value.GetValue<string>() is "Infinity" => double.PositiveInfinity,
        JsonValueKind.String when value.GetValue<string>() is "-Infinity" => double.NegativeInfinity,
        _ => null,
    };

    /// <summary>A value as it stands in the log; empty if it is not known.</summary>
    public string Text(string column) => Values.TryGetValue(column, out JsonValue? value) ? value.ToString() : "";
}
