using Looped.Models.Data;

namespace Looped.Actors.DataLoading;

/// <summary>Tells the loader what the training thread will consume, in which order.</summary>
/// <param name="FirstStep">The first step.</param>
/// <param name="Steps">Where the run ends (exclusive).</param>
/// <param name="First">What is left of the first step, in order.</param>
/// <param name="MicroBatches">This rank's micro-batches of each later step, in order.</param>
/// <param name="Credit">How many micro-batches may be ahead of their consumption.</param>
/// <param name="Epoch">Marks what is loaded for this plan.</param>
public sealed record StartLoading(long FirstStep, long Steps, IReadOnlyList<int> First, IReadOnlyList<int> MicroBatches, int Credit, long Epoch) : IWireMessage;

/// <summary>The training thread took micro-batches: as many more may be loaded.</summary>
public sealed record GrantCredit(int Count) : IWireMessage;

/// <summary>A micro-batch is ready.</summary>
public sealed record MicroBatchLoaded(MicroBatch Batch, long Epoch) : IWireMessage;

/// <summary>Reading failed; training cannot go on.</summary>
public sealed record LoadingFailed(string Error) : IWireMessage;
