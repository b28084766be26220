using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;

namespace Looped.Host.Inspection;

/// <summary>
/// Everything that a run folder tells of the run, read so that a run that goes on, one that was cut off and one of an older version can be
/// looked at: what is missing is said, the rest is shown.
/// </summary>
/// <param name="Folder">The run folder.</param>
/// <param name="Steps">Committed steps, ascending; a number that a line lacks is NaN or 0.</param>
/// <param name="Evaluations">Evaluations, ascending.</param>
/// <param name="Events">What happened, as it was told.</param>
/// <param name="Members">Who computed the last step.</param>
/// <param name="Summary">How it stands; null if nobody has said so yet.</param>
/// <param name="Gaps">What is missing, a sentence each.</param>
internal sealed record RunRecords(RunFolder Folder, IReadOnlyList<StepReport> Steps, IReadOnlyList<EvaluationReport> Evaluations,
    IReadOnlyList<RunEvent> Events, IReadOnlyList<MemberState> Members, SummaryRecord? Summary, IReadOnlyList<string> Gaps)
{
    private static readonly StepReport NoStep = new(0, 0, double.NaN, double.NaN, double.NaN, 0, double.NaN, double.NaN, 0, 0, false);
    private static readonly StepAssignment NoAssignment = new(0, 0, [], []);
    private static readonly EvaluationReport NoEvaluation = new(0, double.NaN, double.NaN, 0, false, double.NaN);

    /// <summary>Enough for the last line of thousands of micro-batches.</summary>
    private const long AssignmentTail = 64 * 1024;

    /// <summary>Reads a run folder.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="tail">How many bytes at the end of each log to read: whoever looks again and again does not need the beginning.</param>
    public static RunRecords Read(RunFolder run, long tail = long.MaxValue)
    {
        var gaps = new List<string>();
        IReadOnlyList<StepReport> steps = Log(run.Metrics, tail, NoStep, gaps);
        IReadOnlyList<EvaluationReport> evaluations = Log(run.Evaluations, tail, NoEvaluation, gaps);
        IReadOnlyList<RunEvent> events = RunEventLog.Read(run, out int unreadable);
        if (!File.Exists(run.Metrics) && !run.IsImported) gaps.Add("metrics.jsonl is missing: no step has been committed, or it was removed");
        if (!File.Exists(run.Events) && steps.Count > 0) gaps.Add("events.jsonl is missing: a run of before it was written; who came and went is taken from the steps alone");
        if (unreadable > 0) gaps.Add($"events.jsonl: {Lines(unreadable)} cannot be read");
        StepAssignment? last = Log(run.Steps, Math.Min(tail, AssignmentTail), NoAssignment, gaps) is [.., { } newest] ? newest : null;
        MemberState[] members = last is null ? [] : [.. last.Members.Zip(last.Assignment).Select((m, rank) => new MemberState(m.First, rank, m.Second.Count))];
        return new RunRecords(run, steps, evaluations, events, members, SummaryRecord.Read(run.Summary, gaps), gaps);
    }

    /// <summary>A record for each step; the last line of a step counts.</summary>
    private static IReadOnlyList<T> Log<T>(string path, long tail, T nothing, List<string> gaps) where T : IStepRecord
    {
        JsonObject absent = JsonSerializer.SerializeToNode(nothing, RunJson.Line)!.AsObject();
        var records = new SortedDictionary<long, T>();
        var missing = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int unreadable = 0;
        foreach (string line in StepLog.ReadTexts(path, tail))
        {
            try
            {
                JsonObject read = JsonNode.Parse(line) as JsonObject ?? throw new JsonException("it is not an object");
                if (!read.ContainsKey("step")) throw new JsonException("it has no step");
                foreach ((string key, JsonNode? value) in absent)
                {
                    if (read.ContainsKey(key)) continue;
                    missing[key] = missing.GetValueOrDefault(key) + 1;
                    read[key] = value?.DeepClone();
                }
                T record = read.Deserialize<T>(RunJson.Line)!;
                records[record.Step] = record;
            }
            catch (JsonException)
            {
                unreadable++;
            }
        }
        string name = Path.GetFileName(path);
        if (missing.Count > 0) gaps.Add($"{name}: {string.Join(", ", missing.Keys)} missing in {Lines(missing.Values.Max())}, as an older version wrote them");
        if (unreadable > 0) gaps.Add($"{name}: {Lines(unreadable)} cannot be read");
        return [.. records.Values];
    }

    private static string Lines(int count) => count == 1 ? "1 line" : $"{count:N0} lines";
}
