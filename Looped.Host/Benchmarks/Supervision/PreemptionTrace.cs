using System.Globalization;
using Looped.Models;

namespace Looped.Host.Benchmarks.Supervision;

/// <summary>When machines came and went.</summary>
internal sealed record PreemptionTrace(string Name, IReadOnlyList<PreemptionTrace.Row> Rows)
{
    internal sealed record Row(TimeSpan At, bool Adds, string Node);

    /// <summary>The most machines at one time.</summary>
    public int Most => Rows.Aggregate((Now: 0, Most: 0), (n, row) => (n.Now + (row.Adds ? 1 : -1), Math.Max(n.Most, n.Now + (row.Adds ? 1 : -1)))).Most;

    /// <summary>Reads rows of `milliseconds,add|remove,node`. A name alone is that of a shipped trace.</summary>
    /// <exception cref="UsageException">There is no such file, or a row cannot be read.</exception>
    public static PreemptionTrace Read(string file)
    {
        string shipped = Path.Combine(AppContext.BaseDirectory, "data", "traces", Path.ChangeExtension(file, ".csv"));
        string path = File.Exists(file) ? file : shipped;
        if (!File.Exists(path)) throw new UsageException($"There is no trace {file}; give a file, or one of the shipped p3 and g4dn.");
        return new PreemptionTrace(Path.GetFileNameWithoutExtension(path), [.. File.ReadLines(path).Where(l => l.Length > 0).Select(Parse)]);
    }

    private static Row Parse(string line)
    {
        string[] parts = line.Split(',');
        if (parts.Length != 3 || parts[1] is not ("add" or "remove") || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long at))
            throw new UsageException($"A trace has rows such as 480000,add,node1, and not {line}; correct the file.");
        return new Row(TimeSpan.FromMilliseconds(at), parts[1] == "add", parts[2]);
    }
}
