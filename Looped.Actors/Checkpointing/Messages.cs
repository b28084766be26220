namespace Looped.Actors.Checkpointing;

/// <summary>Asks for a published snapshot to be written as a checkpoint.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Generation">The generation that asks.</param>
/// <param name="StallSeconds">How long training stood still for the copy, just before.</param>
/// <param name="Trace">W3C trace context of the generation; null if nobody traces it.</param>
/// <param name="Term">The highest term that the asker has heard of.</param>
/// <param name="Last">Whether the run ends with it, so that it is worth trying again.</param>
public sealed record WriteCheckpoint(long Step, long Generation, double StallSeconds = 0, string? Trace = null, long Term = 0, bool Last = false) : IWireMessage;

/// <summary>A checkpoint is durable and its hashes were recorded.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Seconds">How long the writing took, beside training.</param>
/// <param name="MovedAside">Where a damaged checkpoint of the same step was moved to, or null.</param>
public sealed record CheckpointWritten(long Step, string Path, long Bytes, double Seconds, string? MovedAside = null) : IWireMessage;

/// <summary>A checkpoint could not be written; training goes on and earlier checkpoints are untouched.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Error">Why.</param>
/// <param name="Last">Whether the run was to end with it.</param>
public sealed record CheckpointFailed(long Step, string Error, bool Last = false) : IWireMessage;
