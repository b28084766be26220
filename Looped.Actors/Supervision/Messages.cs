using Looped.Actors.Training;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>A worker has built its replica and asks to take part.</summary>
/// <param name="Worker">Its name, unique in the run.</param>
/// <param name="RecipeIdentity">Hash of everything in its recipe that can change the weights.</param>
/// <param name="DataHash">Content hash of its data set.</param>
/// <param name="Fingerprint">What its bits depend on.</param>
/// <param name="Step">Steps its replica has committed.</param>
public sealed record RegisterWorker(
    string Worker, string RecipeIdentity, string DataHash, NumericsFingerprint Fingerprint, long Step) : IWireMessage;

/// <summary>The supervisor turns a worker away.</summary>
/// <param name="Reason">One sentence for a person.</param>
public sealed record RegistrationRefused(string Reason) : IWireMessage;

/// <summary>The supervisor's complete plan of a generation.</summary>
public sealed record GenerationPlanned(Generation Plan) : IWireMessage;

/// <summary>Someone asks for the run to stop after the step in progress, with a checkpoint.</summary>
/// <param name="Reason">Why, for the log: a signal's name, or a time limit.</param>
public sealed record StopRun(string Reason) : IWireMessage;

/// <summary>The supervisor tells a worker to leave after the step in progress.</summary>
public sealed record LeaveAfterStep(string Reason) : IWireMessage;

/// <summary>A worker's training thread has ended.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Step">Steps committed.</param>
/// <param name="Error">What went wrong, or null.</param>
public sealed record WorkerEnded(string Worker, long Step, string? Error) : IWireMessage;

/// <summary>Asks the supervisor to send run events to the sender.</summary>
public sealed record SubscribeToRun : IWireMessage;

/// <summary>A step was committed.</summary>
public sealed record StepCommitted(StepReport Report) : IWireMessage;

/// <summary>Something worth a line on the screen and in the log.</summary>
public sealed record RunNote(string Text) : IWireMessage;

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Stopped on request; a checkpoint was written.</summary>
    Interrupted,

    /// <summary>An error ended it.</summary>
    Failed,
}

/// <summary>The run is over: nothing more will be computed or written.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Step">Steps committed.</param>
/// <param name="Reason">For a failure the error, for an interruption its cause.</param>
public sealed record RunEnded(RunOutcome Outcome, long Step, string? Reason) : IWireMessage;
