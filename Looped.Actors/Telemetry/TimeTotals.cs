using System.Text.Json.Serialization;

namespace Looped.Actors.Telemetry;

/// <summary>What the wall seconds of a worker, or of all workers of a run, were spent on. Each second has exactly one kind.</summary>
public sealed record TimeTotals
{
    /// <summary>No time at all.</summary>
    public static TimeTotals Zero { get; } = new();

    /// <summary>Steps: computing, reducing, updating; waiting for slower peers in them too.</summary>
    public double Productive { get; init; }

    /// <summary>Before a worker can take part: starting, loading, building, copying the state.</summary>
    public double Startup { get; init; }

    /// <summary>Training waited for data.</summary>
    public double DataWait { get; init; }

    /// <summary>Training waited for a snapshot to be copied.</summary>
    public double CheckpointStall { get; init; }

    /// <summary>From waiting for a lost peer to the first step after it, and changes of members.</summary>
    public double Recovery { get; init; }

    /// <summary>Ready, with nothing to do.</summary>
    public double Idle { get; init; }

    /// <summary>Productive seconds whose work was thrown away later: a correction, not a kind of its own.</summary>
    public double LostWork { get; init; }

    /// <summary>The seconds lived: all kinds together.</summary>
    [JsonIgnore]
    public double Alive => Productive + Startup + DataWait + CheckpointStall + Recovery + Idle;

    /// <summary>Share of the time lived that was spent on steps that count; 0 if nothing was lived.</summary>
    [JsonIgnore]
    public double Goodput => Alive > 0 ? Math.Max(0, Productive - LostWork) / Alive : 0;

    /// <summary>Adds up what two workers, or two lives of a run, spent.</summary>
    public static TimeTotals operator +(TimeTotals left, TimeTotals right) => left.Add(right);

    /// <summary>Adds up what two workers, or two lives of a run, spent.</summary>
    public TimeTotals Add(TimeTotals other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new TimeTotals
        {
            Productive = Productive + other.Productive,
            Startup = Startup + other.Startup,
            DataWait = DataWait + other.DataWait,
            CheckpointStall = CheckpointStall + other.CheckpointStall,
            Recovery = Recovery + other.Recovery,
            Idle = Idle + other.Idle,
            LostWork = LostWork + other.LostWork,
        };
    }
}
