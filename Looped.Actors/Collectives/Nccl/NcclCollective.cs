using System.Runtime.InteropServices;
using Looped.Models;
using static TorchSharp.torch;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>
/// Collectives between GPUs. Tensors in device memory go through NCCL; tensors in host memory go through the inner collective, and so does what
/// NCCL cannot do itself: handing out the id, comparing versions, and noticing that a peer is gone, for which NCCL would wait for ever.
/// Each device collective meets the peers once over the inner one, so that slow peers are waited for and a hanging NCCL is not.
/// </summary>
/// <remarks>Integer sums are exact in any order, so the bits are those of the inner collective; float sums may differ in the last bits.</remarks>
public sealed unsafe class NcclCollective : ICollective
{
    private readonly ICollective _inner;
    private readonly NcclOptions _options;
    private readonly CancellationTokenSource _stop;
    private readonly NcclCommunicator _communicator;
    private readonly OwnerThread _owner;
    private bool _disposed;

    /// <summary>Forms the communicator; every rank of the inner collective constructs one at about the same time.</summary>
    /// <param name="library">NCCL.</param>
    /// <param name="inner">A collective of the same ranks between hosts; disposed with this one, and aborted if this one cannot be formed.</param>
    /// <param name="options">Device and deadlines.</param>
    /// <exception cref="LoopedException">The ranks have different versions of NCCL.</exception>
    /// <exception cref="CollectiveBrokenException">The communicator could not be formed in time.</exception>
    public NcclCollective(NcclLibrary library, ICollective inner, NcclOptions options) : this(library, CudaApi.Load(), inner, options) { }

    /// <inheritdoc cref="NcclCollective(NcclLibrary, ICollective, NcclOptions)"/>
    internal NcclCollective(NcclLibrary library, CudaApi cuda, ICollective inner, NcclOptions options)
    {
        (_inner, _options, Broken) = (inner, options, inner.Broken);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(inner.Broken);
        _communicator = new NcclCommunicator(library.Api, cuda, options, inner.Rank, _stop.Token);
        _owner = new OwnerThread($"nccl rank {inner.Rank}", _communicator.Abort, _stop.Token);
        OrEnd(() =>
        {
            AgreeOn(library.Version);
            _owner.Run(_communicator.Open);
            NcclUniqueId id = Share(Rank == 0 ? NewId() : default);
            _owner.Run(() => _communicator.Initialise(WorldSize, id));
            _inner.Barrier();
        });
    }

    /// <inheritdoc/>
    public int Rank => _inner.Rank;

    /// <inheritdoc/>
    public int WorldSize => _inner.WorldSize;

    /// <inheritdoc/>
    public CancellationToken Broken { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Lost => _inner.Lost;

    /// <inheritdoc/>
    public void AllReduce(Tensor input, Tensor output, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        if (_options.AddressOf(input) is not { } from || _options.AddressOf(output) is not { } to)
        {
            _inner.AllReduce(input, output, operation);
            return;
        }
        if (!input.is_contiguous() || !output.is_contiguous() || input.numel() != output.numel() || input.dtype != output.dtype)
            throw new ArgumentException("An all-reduce takes two contiguous tensors of the same type and length.");
        NcclDataType type = Reducible(input.dtype, operation);
        OnDevice(() => _communicator.BeginAllReduce(from, to, (nuint)input.numel(), type, operation == ReduceOperation.Sum ? NcclOperation.Sum : NcclOperation.Max));
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor buffer, int root)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (_options.AddressOf(buffer) is not { } address)
        {
            _inner.Broadcast(buffer, root);
            return;
        }
        if (!buffer.is_contiguous()) throw new ArgumentException("A broadcast takes a contiguous tensor.", nameof(buffer));
        OnDevice(() => _communicator.BeginBroadcast(address, (nuint)(buffer.numel() * buffer.element_size()), NcclDataType.Int8, root));
    }

    /// <inheritdoc/>
    public void Barrier() => _inner.Barrier();

    /// <inheritdoc/>
    public void Beat(long microBatches, RankPulse pulse) => _inner.Beat(microBatches, pulse);

    /// <inheritdoc/>
    /// <remarks>Only sets a flag: the communicator is ended by the thread that owns it.</remarks>
    public void Abort() => _inner.Abort();

    /// <summary>
    /// Ends the generation. Let a barrier come before, if a peer may still be in the last collective. Ranks of one host wait for each other while NCCL
    /// frees their shared memory; a communicator whose peers are slow to end theirs is freed later, by its own thread.
    /// </summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (!Broken.IsCancellationRequested) _communicator.Leave();
        _inner.Dispose();
        _stop.Cancel();
        _owner.Join(_options.AbortWithin);
        _stop.Dispose();
    }

    private void OnDevice(Action begin) => OrEnd(() =>
    {
        _owner.Run(begin);
        _inner.Barrier();
        _owner.Run(_communicator.Complete);
    });

    /// <summary>If it fails here, it fails everywhere, and this rank's buffers are free again when the exception arrives.</summary>
    private void OrEnd(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            _inner.Abort();
            _stop.Cancel();
            _owner.Join(Timeout.InfiniteTimeSpan);
            // NCCL never knows who is gone; the inner collective may.
            if (e is CollectiveBrokenException { Lost.Count: 0 } && Lost is { Count: > 0 } lost) throw new CollectiveBrokenException(e.Message, e) { Lost = lost };
            throw;
        }
    }

    private void AgreeOn(NcclVersion version)
    {
        var mine = new int[WorldSize];
        mine[Rank] = version.Code;
        using Tensor input = from_array(mine), output = zeros_like(input);
        _inner.AllReduce(input, output, ReduceOperation.Max);
        var versions = output.data<int>().ToArray().Select((code, rank) => (Version: new NcclVersion(code), Rank: rank)).GroupBy(v => v.Version, v => v.Rank).ToList();
        if (versions.Count > 1)
            throw new LoopedException("The ranks have different versions of NCCL, which cannot talk to each other: "
                + string.Join("; ", versions.Select(v => $"{v.Key} on rank {string.Join(", ", v)}")) + ". Install the same version on every node.");
    }

    private NcclUniqueId NewId()
    {
        NcclUniqueId id = default;
        _owner.Run(() => id = _communicator.NewId());
        return id;
    }

    private NcclUniqueId Share(NcclUniqueId id)
    {
        Span<long> words = MemoryMarshal.Cast<byte, long>(new Span<byte>(id.Internal, NcclUniqueId.Size));
        using Tensor buffer = from_array(words.ToArray());
        _inner.Broadcast(buffer, 0);
        buffer.data<long>().ToArray().CopyTo(words);
        return id;
    }

    private static NcclDataType Reducible(ScalarType type, ReduceOperation operation) => (type, operation) switch
    {
        (ScalarType.Int64, _) => NcclDataType.Int64,
        (ScalarType.Int32, _) => NcclDataType.Int32,
        (ScalarType.Float32, ReduceOperation.Sum) => NcclDataType.Float32,
        (ScalarType.BFloat16, ReduceOperation.Sum) => NcclDataType.BFloat16,
        _ => throw new ArgumentException($"NCCL is used for sums of int64, int32, float32 and bfloat16, and for the maximum of integers, not for the {operation} of {type}."),
    };
}
