using System.Globalization;
using Looped.Models;

namespace Looped.Host.Chaos;

/// <summary>A row of a trace: a node came or went.</summary>
/// <param name="Milliseconds">Since the start of the recording.</param>
/// <param name="Added">Whether it came.</param>
/// <param name="Node">Its name.</param>
internal sealed record TraceRow(long Milliseconds, bool Added, string Node);

/// <summary>When machines came and went, as recorded: rows of milliseconds, <c>add</c> or <c>remove</c>, and the node's name.</summary>
internal static class PreemptionTrace
{
    /// <summary>Reads a trace.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="UsageException">It cannot be read, or a line of it makes no sense.</exception>
    public static IReadOnlyList<TraceRow> Read(string path)
    {
        try
        {
            return Parse(File.ReadLines(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--trace {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the lines of a trace.</summary>
    /// <param name="lines">The lines; empty ones are passed over.</param>
    /// <param name="name">What to call the file in a sentence about a mistake.</param>
    /// <exception cref="UsageException">A line makes no sense; it is named.</exception>
    public static IReadOnlyList<TraceRow> Parse(IEnumerable<string> lines, string name)
    {
        var rows = new List<TraceRow>();
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int index, string line) in lines.Index())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            UsageException Mistake(string what) => new($"{name}, line {index + 1}: {what}. A line is MILLISECONDS,add|remove,NODE.");
            string[] parts = [.. line.Split(',').Select(p => p.Trim())];
            if (parts is not [string time, string change, { Length: > 0 } node]) throw Mistake($"'{line}' is no row of a trace");
            if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)) throw Mistake($"'{time}' is no number of milliseconds");
            if (rows is [.., var before] && milliseconds < before.Milliseconds) throw Mistake($"{milliseconds} comes after {before.Milliseconds}, but time does not go back");
            switch (change)
            {
                case "add" when !present.Add(node): throw Mistake($"{node} is there already");
                case "remove" when !present.Remove(node): throw Mistake($"{node} is not there");
                case not ("add" or "remove"): throw Mistake($"'{change}' is neither add nor remove");
            }
            rows.Add(new(milliseconds, change == "add", node));
        }
        return rows is [{ Added: true }, ..] ? rows : throw new UsageException($"{name} has no node to begin with: its first row must be an add.");
    }

    /// <summary>Turns a trace into a schedule: a node is a worker, and one that goes is killed without notice.</summary>
    /// <param name="rows">The trace; a burst of rows at one time counts as one change.</param>
    /// <param name="timeScale">How many times faster than recorded.</param>
    /// <param name="most">Workers at most; further nodes wait until one of those goes, in the order in which they came.</param>
    public static ChaosSchedule ToSchedule(IReadOnlyList<TraceRow> rows, double timeScale, int most)
    {
        var events = new List<ChaosEvent>();
        var nodes = new List<string>();
        var workers = new Dictionary<string, int>(StringComparer.Ordinal);
        int next = 0, atStart = 0;
        TimeSpan After(long milliseconds) => TimeSpan.FromMilliseconds((milliseconds - rows[0].Milliseconds) / timeScale);
        foreach (IGrouping<long, TraceRow> burst in rows.GroupBy(r => r.Milliseconds))
        {
            foreach (TraceRow row in burst)
                if (row.Added) nodes.Add(row.Node);
                else nodes.Remove(row.Node);
            TimeSpan time = After(burst.Key);
            foreach (string gone in workers.Keys.Except(nodes).ToArray())
            {
                workers.Remove(gone, out int worker);
                events.Add(new(ChaosAction.Kill, worker, Time: time));
            }
            foreach (string node in nodes.Where(n => !workers.ContainsKey(n)).Take(most - workers.Count).ToArray())
            {
                workers.Add(node, next);
                if (burst.Key > rows[0].Milliseconds) events.Add(new(ChaosAction.Join, next, Time: time));
                else atStart++;
                next++;
            }
        }
        // Whatever happened on that day, this run shall end.
        if (workers.Count == 0) events.Add(new(ChaosAction.Join, next, Time: After(rows[^1].Milliseconds)));
        return new(atStart, events);
    }
}
