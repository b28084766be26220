using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>A worker that knows nothing yet asks what is trained here.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Version">Version of the program it runs.</param>
/// <param name="Trains">Whether it means to train, and needs a slot.</param>
/// <param name="Slot">The slot it has already; null if it takes any.</param>
public sealed record AskForRun(string Worker, string Version, bool Trains = true, int? Slot = null) : IWireMessage;

/// <summary>What is trained here: all that a worker needs to prepare itself.</summary>
/// <param name="Recipe">The resolved recipe as YAML text.</param>
/// <param name="RecipeIdentity">Hash of everything in it that can change the weights.</param>
/// <param name="DataHash">Content hash of the data set.</param>
/// <param name="RunFolder">The run folder, as the seed sees it.</param>
/// <param name="Endpoints">Data-plane listeners of the members, for the newcomer to try.</param>
/// <param name="Slot">The newcomer's slot; see <see cref="WorkerSlots"/>.</param>
/// <param name="Clock">The time of day at the seed, UTC.</param>
/// <param name="Mark">What the newcomer finds in the run folder if it sees the same one; null if the run has none.</param>
public sealed record RunDescribed(string Recipe, string RecipeIdentity, string DataHash, string RunFolder, IReadOnlyList<string> Endpoints, int Slot = 0,
    RunFolderMark? Mark = null, DateTime? Clock = null) : IWireMessage;

/// <summary>A worker has built its replica and asks to take part.</summary>
/// <param name="Worker">Its name, unique for each incarnation.</param>
/// <param name="Version">Version of the program it runs.</param>
/// <param name="RecipeIdentity">Hash of everything in its recipe that can change the weights.</param>
/// <param name="DataHash">Content hash of its data set.</param>
/// <param name="Fingerprint">What its bits depend on.</param>
/// <param name="Slot">Its slot.</param>
public sealed record RegisterWorker(
    string Worker, string Version, string RecipeIdentity, string DataHash, NumericsFingerprint Fingerprint, int Slot = 0) : IWireMessage;

/// <summary>The supervisor takes a worker's statuses from here on.</summary>
/// <param name="Term">The supervisor's term.</param>
public sealed record WorkerAccepted(long Term) : IWireMessage;

/// <summary>The supervisor turns a worker away.</summary>
/// <param name="Reason">One sentence for a person.</param>
public sealed record RegistrationRefused(string Reason) : IWireMessage;

/// <summary>The supervisor does not know this worker: it is to register (again).</summary>
/// <param name="Mark">What the worker finds in its run folder if it is the supervisor's; null if the run has none.</param>
/// <param name="RunFolder">The run folder, as the seed sees it.</param>
public sealed record PleaseRegister(RunFolderMark? Mark = null, string RunFolder = "") : IWireMessage;

/// <summary>The supervisor has read a status: it is there.</summary>
public sealed record StatusRead(long Sequence) : IWireMessage;

/// <summary>A worker says how it is.</summary>
public sealed record WorkerReported(WorkerStatus Status) : IWireMessage;

/// <summary>The supervisor's complete plan of a generation.</summary>
public sealed record GenerationPlanned(GenerationPlan Plan) : IWireMessage;

/// <summary>The supervisor does not know the generation that a worker says it is in, and asks for its plan.</summary>
public sealed record ShowPlan : IWireMessage;

/// <summary>The plan of the generation that a worker is in.</summary>
public sealed record PlanShown(GenerationPlan Plan) : IWireMessage;

/// <summary>Someone asks for the run to stop after the step in progress, with a checkpoint.</summary>
/// <param name="Reason">Why, for the log: a signal's name, or a time limit.</param>
public sealed record StopRun(string Reason) : IWireMessage;

/// <summary>The supervisor tells a worker to stop the run after the step in progress.</summary>
public sealed record StopAfterStep(string Reason) : IWireMessage;

/// <summary>This worker has notice: it leaves at the end of the step, or, in a hurry, at once.</summary>
/// <param name="Hurry">Whether it leaves at once.</param>
/// <param name="Signal">What the notice was, such as <c>SIGTERM</c>.</param>
/// <param name="GraceSeconds">Within how long it has to be gone.</param>
public sealed record LeaveNotice(bool Hurry, string? Signal = null, double? GraceSeconds = null) : IWireMessage;

/// <summary>A worker is through: its thread has ended and nothing of it is under way.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Outcome">How the run ended for it; interrupted if it left before the end.</param>
/// <param name="Step">Steps committed.</param>
/// <param name="Error">What went wrong, or null.</param>
public sealed record WorkerEnded(string Worker, RunOutcome Outcome, long Step, string? Error) : IWireMessage;

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
/// <param name="Time">What the seconds of all its workers were spent on, as far as the supervisor heard; null if it heard nothing.</param>
public sealed record RunEnded(RunOutcome Outcome, long Step, string? Reason, TimeTotals? Time = null) : IWireMessage;

/// <summary>A worker that is there.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Slot">Its slot.</param>
/// <param name="Host">Where its data plane listens, without the port.</param>
public sealed record WorkerPlace(string Worker, int Slot, string Host)
{
    /// <summary>Where a worker says that it is.</summary>
    internal static WorkerPlace Of(WorkerStatus status, int slot) => new(status.Worker, slot, status.Endpoint[..Math.Max(0, status.Endpoint.LastIndexOf(':'))]);
}

/// <summary>Workers came or went.</summary>
/// <param name="Workers">Those that are there now, by their slots.</param>
/// <param name="Seed">The node on which the supervisor is that says so.</param>
public sealed record WorkersChanged(IReadOnlyList<WorkerPlace> Workers, string Seed) : IWireMessage;

/// <summary>Asks the supervisor for a picture of the cluster.</summary>
public sealed record AskForCluster : IWireMessage;

/// <summary>A worker in a picture of the cluster.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Rank">Its rank; −1 if it is in no generation.</param>
/// <param name="Activity">What it does.</param>
/// <param name="Endpoint">Its data-plane listener.</param>
/// <param name="Step">Steps committed.</param>
/// <param name="MicroBatches">Micro-batches it is assigned in each step.</param>
/// <param name="SecondsPerMicroBatch">Seconds per micro-batch lately.</param>
/// <param name="SilentSeconds">Since when nothing was heard of it.</param>
/// <param name="Leaving">Whether it has notice.</param>
/// <param name="Device">Kind of device it computes on; empty if this supervisor has not heard it yet.</param>
public sealed record WorkerPicture(string Worker, int Rank, RankActivity Activity, string Endpoint, long Step, int MicroBatches,
    double SecondsPerMicroBatch, double SilentSeconds, bool Leaving, string Device)
{
    /// <summary>As the supervisor sees a worker now.</summary>
    /// <param name="view">What it knows of it.</param>
    /// <param name="plan">The plan in force, if there is one.</param>
    /// <param name="device">Kind of device it computes on.</param>
    /// <param name="now">On the supervisor's clock.</param>
    internal static WorkerPicture Of(WorkerView view, GenerationPlan? plan, string device, TimeSpan now)
    {
        WorkerStatus status = view.Status;
        int rank = plan?.RankOf(status.Worker) ?? -1;
        return new WorkerPicture(status.Worker, rank, status.Activity, status.Endpoint, status.Step, rank < 0 ? 0 : plan!.Generation.Assignment[rank].Count,
            status.SecondsPerMicroBatch, (now - view.Heard).TotalSeconds, status.Leaving, device);
    }
}

/// <summary>A picture of the cluster.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="RunFolder">Its folder, as the seed sees it.</param>
/// <param name="Term">The supervisor's term.</param>
/// <param name="Generation">The generation in force, such as <c>1.4</c>; null if there is none.</param>
/// <param name="Step">Steps committed.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Loss of the last step.</param>
/// <param name="TokensPerSecond">Speed of the last step.</param>
/// <param name="LastCheckpoint">Step of the last checkpoint; −1 if there is none yet.</param>
/// <param name="Ended">How the run ended; null while it has not.</param>
/// <param name="Workers">Everybody known.</param>
/// <param name="Events">What happened lately, the newest last.</param>
public sealed record ClusterPicture(string Run, string RunFolder, long Term, string? Generation, long Step, long Steps, double? Loss,
    double TokensPerSecond, long LastCheckpoint, RunEnded? Ended, IReadOnlyList<WorkerPicture> Workers, IReadOnlyList<RunEvent> Events) : IWireMessage;
