namespace Looped.Actors.Telemetry;

/// <summary>What a supervisor shows of its cluster.</summary>
/// <param name="Training">Workers in the generation in force.</param>
/// <param name="Joining">Workers that prepare themselves or wait.</param>
/// <param name="Draining">Workers with notice.</param>
/// <param name="WorldSize">Members of the generation in force; 0 if there is none.</param>
/// <param name="Generation">Its number.</param>
/// <param name="HeartbeatAge">Seconds since the quietest worker was heard.</param>
/// <param name="CheckpointAge">Seconds since the last durable checkpoint, or the supervisor's start.</param>
public sealed record ClusterNumbers(int Training, int Joining, int Draining, int WorldSize, long Generation, double HeartbeatAge, double CheckpointAge);
