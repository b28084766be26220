namespace Looped.Actors.Runs;

/// <summary>What an audit of a run found.</summary>
/// <param name="Violation">The first thing that is wrong; null if the run is proven.</param>
/// <param name="Steps">Steps whose consumption is proven: 1 … this.</param>
/// <param name="MicroBatches">M, micro-batches of a step.</param>
/// <param name="Consumed">Sequences these steps consumed.</param>
/// <param name="SequencesPerEpoch">Sequences of the data set.</param>
/// <param name="Workers">Different workers that took part.</param>
/// <param name="RepeatedLines">Lines about a step that has one already, as a recovery may write; the last counts.</param>
/// <param name="OrderSha256">Hash over step and sequences in order: equal for two runs that consumed the same in the same order.</param>
/// <param name="Generations">Who computed from when to when.</param>
public sealed record AuditReport(AuditViolation? Violation, long Steps, int MicroBatches, long Consumed, long SequencesPerEpoch, int Workers,
    long RepeatedLines, string OrderSha256, IReadOnlyList<AuditedGeneration> Generations)
{
    /// <summary>Whether every sequence was consumed exactly once in each whole epoch, and at most once in the one that is not over.</summary>
    public bool Proven => Violation is null;

    /// <summary>Epochs that are over.</summary>
    public long WholeEpochs => Consumed / SequencesPerEpoch;

    /// <summary>Share of the epoch that is not over.</summary>
    public double PartOfEpoch => (double)(Consumed % SequencesPerEpoch) / SequencesPerEpoch;
}

/// <summary>Steps in a row by one generation.</summary>
/// <param name="Generation">Its number.</param>
/// <param name="FirstStep">The first of them.</param>
/// <param name="LastStep">The last.</param>
/// <param name="Members">Its workers by rank.</param>
public sealed record AuditedGeneration(long Generation, long FirstStep, long LastStep, IReadOnlyList<string> Members);

/// <summary>What kind of thing is wrong.</summary>
public enum AuditProblem
{
    /// <summary>A step has no line.</summary>
    StepMissing,

    /// <summary>A line is not about a step that can be.</summary>
    StepUnknown,

    /// <summary>A line does not fit the recipe.</summary>
    LineMalformed,

    /// <summary>A micro-batch has no owner.</summary>
    MicroBatchLost,

    /// <summary>A micro-batch has two owners.</summary>
    MicroBatchRepeated,

    /// <summary>A sequence was consumed twice in an epoch.</summary>
    SequenceRepeated,
}

/// <summary>The first thing that is wrong.</summary>
/// <param name="Problem">What kind.</param>
/// <param name="Step">The step.</param>
/// <param name="MicroBatch">The micro-batch; null if it is not about one.</param>
/// <param name="Sequence">The first sequence concerned; null if none can be named.</param>
/// <param name="Text">One sentence.</param>
public sealed record AuditViolation(AuditProblem Problem, long Step, int? MicroBatch, long? Sequence, string Text);
