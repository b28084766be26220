namespace Looped.Actors.Collectives;

/// <summary>What a rank is at, as far as its peers have to know to tell slow from hung.</summary>
public enum RankPulse : byte
{
    /// <summary>It waits for the others, for however long.</summary>
    Waiting,

    /// <summary>It computes a micro-batch: held to the time that its own micro-batches take.</summary>
    Computing,

    /// <summary>It is between micro-batches: commits, writes logs, copies a checkpoint, waits for data. Held to a patience of its own.</summary>
    Between,
}
