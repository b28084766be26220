namespace Looped.Models.Data;

/// <summary>
/// What a run is trained on: any micro-batch of any step, as a pure function of its number. Text has one implementation;
/// procedural tasks are others. May be used by several threads at once.
/// </summary>
public interface IMicroBatchSource
{
    /// <summary>Sequences of an epoch.</summary>
    long SequenceCount { get; }

    /// <summary>Computes or reads a micro-batch.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="microBatch">Its number within the step, 0 … M−1.</param>
    MicroBatch Load(long step, int microBatch);

    /// <summary>One line for a person: what it is and how much of it there is.</summary>
    string Describe();
}

/// <summary>What a run is evaluated on.</summary>
public interface IValidationSource
{
    /// <summary>Sequences of the whole validation set.</summary>
    long SequenceCount { get; }

    /// <summary>The validation batches, the same ones at every call; their <see cref="MicroBatch.Step"/> is 0.</summary>
    /// <param name="batchSequences">Sequences of a batch; the last one may be smaller.</param>
    /// <param name="maxBatches">With a limit, that many batches of sequences spread evenly over the whole set; without, every sequence in order.</param>
    IEnumerable<MicroBatch> Batches(int batchSequences, int? maxBatches = null);
}
