using Looped.Actors.Training;

namespace Looped.Actors.Evaluating;

/// <summary>Asks for a published snapshot to be evaluated.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Full">Whether to read the whole validation set.</param>
public sealed record EvaluateSnapshot(long Step, bool Full) : IWireMessage;

/// <summary>An evaluation is done.</summary>
public sealed record EvaluationCompleted(EvaluationReport Report) : IWireMessage;

/// <summary>An evaluation failed; training goes on.</summary>
public sealed record EvaluationFailed(long Step, string Error) : IWireMessage;
