namespace Looped.Actors.Logging;

/// <summary>Where in the run a process is: what every line of its log carries besides its own fields. What is not known yet is left out.</summary>
/// <param name="Run">The run.</param>
/// <param name="Role">`train`, `seed`, `worker` or `evaluator`.</param>
public sealed record RunScope(string Run, string Role)
{
    /// <summary>The process's rank in its generation.</summary>
    public int? Rank { get; init; }

    /// <summary>The generation.</summary>
    public long? Generation { get; init; }

    /// <summary>Steps committed.</summary>
    public long? Step { get; init; }

    /// <summary>Names as in metrics and traces, with their values.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Fields
    {
        get
        {
            var fields = new List<KeyValuePair<string, object?>> { new("looped.run.id", Run), new("looped.role", Role) };
            if (Rank is { } rank) fields.Add(new("looped.rank", rank));
            if (Generation is { } generation) fields.Add(new("looped.generation", generation));
            if (Step is { } step) fields.Add(new("looped.step", step));
            return fields;
        }
    }
}
