using System.Net.Sockets;
using System.Runtime.InteropServices;
using Looped.Models.Optimization;
using static TorchSharp.torch;

namespace Looped.Actors.Collectives.Ring;

/// <summary>One generation's ring, up and running: what <see cref="RingListener.Join"/> gives. Calls come from one thread at a time, except for those said to be free.</summary>
public sealed unsafe class RingCollective : IBucketedCollective
{
    private static readonly TimeSpan LeastNewsTime = TimeSpan.FromSeconds(1);

    private readonly RingPlan _plan;
    private readonly TimeSpan _newsTime;
    private readonly RingMonitor _monitor;
    private readonly DataPath _data;
    private readonly BucketQueue _buckets;
    private readonly CancellationTokenSource _broken = new();
    private readonly object _gate = new();
    private readonly byte[] _token = GC.AllocateArray<byte>(2, pinned: true);
    private Breakage? _breakage;
    private SharedPath? _shared;
    private bool _disposed, _asked;
    private long _calls;

    internal RingCollective(RingPlan plan, RingLinks links, TimeSpan workerTimeout)
    {
        _plan = plan;
        _newsTime = workerTimeout > LeastNewsTime ? workerTimeout : LeastNewsTime;
        BeaconLink[] beacons =
        [
            new(plan.Previous, links.PreviousBeacon.Unhurried(), workerTimeout),
            new(plan.Next, links.NextBeacon.Unhurried(), workerTimeout),
        ];
        // A sign of life must never hold its sender up.
        foreach (BeaconLink beacon in beacons) beacon.Socket.SendTimeout = 500;
        _monitor = new RingMonitor(beacons, workerTimeout, plan.Describe, Break, SomeoneLeft);
        _data = new DataPath(links.DataIn, links.DataOut, e => JudgeFailure(plan.Next, e));
        _buckets = new BucketQueue(Reduce);
        _monitor.Start();
    }

    /// <inheritdoc/>
    public int Rank => _plan.Rank;

    /// <inheritdoc/>
    public int WorldSize => _plan.WorldSize;

    /// <inheritdoc/>
    public CancellationToken Broken => _broken.Token;

    /// <inheritdoc/>
    public IReadOnlyList<int> Lost => Volatile.Read(ref _breakage)?.Lost ?? [];

    /// <inheritdoc/>
    public void AllReduce(Tensor input, Tensor output, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        Bucket all = Check(input, output, 0, input.numel(), operation);
        WaitAll();
        Reduce(all);
        GC.KeepAlive(all);
    }

    /// <inheritdoc/>
    public void Enqueue(Tensor input, Tensor output, long offset, long count, ReduceOperation operation)
    {
        Bucket bucket = Check(input, output, offset, count, operation);
        ThrowIfUnusable();
        _buckets.Add(bucket);
    }

    /// <inheritdoc/>
    public void WaitAll()
    {
        _buckets.Wait();
        ThrowIfUnusable();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor buffer, int root)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, WorldSize);
        nint address = Address(buffer);
        WaitAll();
        Run(new OperationHeader(_calls++, CallKind.Broadcast, buffer.dtype, root, buffer.numel()),
            RingProgram.Broadcast(Rank, WorldSize, root, address, buffer.numel() * buffer.element_size()), null);
        GC.KeepAlive(buffer);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        WaitAll();
        Run(new OperationHeader(_calls++, CallKind.Barrier, ScalarType.Byte, 0, 0), RingProgram.Barrier(WorldSize, Marshal.UnsafeAddrOfPinnedArrayElement(_token, 0), Marshal.UnsafeAddrOfPinnedArrayElement(_token, 1)), null);
    }

    /// <inheritdoc/>
    public void Beat(long microBatches, RankPulse pulse) => _monitor.Beat(microBatches, pulse);

    /// <inheritdoc/>
    public void Abort() => Break(new Breakage($"{_plan.Describe(Rank)} aborted the communicator.", []));

    /// <summary>Says goodbye and closes. Peers that are done too are not alarmed; one that still waits for this rank gets an error without anybody to blame.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _monitor.End(new BeaconFrame.Goodbye());
        _data.Close();
        _buckets.Dispose();
        _data.Dispose();
        _shared?.Dispose();
    }

    /// <summary>The first cause counts: it is remembered, told to the neighbours, and ends every call. From any thread.</summary>
    internal void Break(Breakage breakage)
    {
        lock (_gate)
        {
            if (_disposed || _breakage is not null) return;
            _breakage = breakage;
            // Whoever registered a callback may take its time; the threads of the ring do not wait for it.
            _ = _broken.CancelAsync();
            Monitor.PulseAll(_gate);
        }
        // The news goes first: a neighbour that sees its data connection end looks for them.
        _monitor.End(new BeaconFrame.Abort(breakage));
        _data.Close();
    }

    /// <summary>For tests: what the peers see of a process that is killed.</summary>
    internal void Die()
    {
        _monitor.Die();
        _data.Close();
    }

    /// <summary>For tests: what the peers see of a process that is stopped.</summary>
    internal void Mute() => _monitor.Mute();

    /// <summary>Whether large reductions go through shared memory; known after the first of them.</summary>
    internal bool SharesMemory => _shared is not null;

    private void Reduce(Bucket bucket)
    {
        Reducer reducer = Reduction.Of(bucket.Type, bucket.Operation);
        SharedPath? shared = bucket.Count * bucket.ElementBytes > SharedPath.Least ? Share() : null;
        var header = new OperationHeader(_calls++, CallKind.AllReduce, bucket.Type, (int)bucket.Operation, bucket.Count);
        if (shared is null) Run(header, RingProgram.AllReduce(Rank, WorldSize, bucket.From, bucket.To, bucket.Count, bucket.ElementBytes), reducer);
        else Run(shared, header, bucket, reducer);
    }

    /// <summary>Asked by every rank at its first large reduction, which is the same on all.</summary>
    private SharedPath? Share()
    {
        if (_asked) return _shared;
        _asked = true;
        if (new SharedForming(_plan, Gather).Run() is { } segments) _shared = new SharedPath(segments, Rank, ProblemWith, Missed);
        return _shared;
    }

    private long[][] Gather(long[] mine)
    {
        long[] slots = GC.AllocateArray<long>(mine.Length * WorldSize, pinned: true), all = GC.AllocateArray<long>(slots.Length, pinned: true);
        mine.CopyTo(slots, mine.Length * Rank);
        nint from = Marshal.UnsafeAddrOfPinnedArrayElement(slots, 0), to = Marshal.UnsafeAddrOfPinnedArrayElement(all, 0);
        Run(new OperationHeader(_calls++, CallKind.AllReduce, ScalarType.Int64, (int)ReduceOperation.Sum, slots.Length),
            RingProgram.AllReduce(Rank, WorldSize, from, to, slots.Length, sizeof(long)), Reduction.Of(ScalarType.Int64, ReduceOperation.Sum));
        GC.KeepAlive(slots);
        return [.. all.Chunk(mine.Length)];
    }

    private void Run(SharedPath shared, OperationHeader header, Bucket bucket, Reducer reducer)
    {
        ThrowIfUnusable();
        try
        {
            shared.AllReduce(header, bucket, reducer);
        }
        catch (OutOfStepException e)
        {
            throw OutOfStep(e);
        }
        catch (ObjectDisposedException e)
        {
            throw Broke(e);
        }
    }

    /// <summary>Why a rank that is waited for in shared memory will not come, unless it has come already and gone on.</summary>
    private Breakage? ProblemWith(int rank)
    {
        ThrowIfUnusable();
        // Nobody uses the connections while any rank is in shared memory.
        if (_data.HasPending) return new Breakage($"The ranks are out of step: {_plan.Describe(_plan.Previous)} makes another call than {_plan.Describe(Rank)}.", []);
        return _monitor.HasLeft(rank) ? new Breakage($"{_plan.Describe(rank)} left the ring while {_plan.Describe(Rank)} still needed it.", []) : null;
    }

    private void Missed(Breakage breakage)
    {
        Break(breakage);
        ThrowIfUnusable();
    }

    private void Run(OperationHeader header, RingProgram program, Reducer? reducer)
    {
        ThrowIfUnusable();
        try
        {
            _data.Run(header, program, reducer);
        }
        catch (OutOfStepException e)
        {
            throw OutOfStep(e);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            JudgeFailure(e is SendFailedException ? _plan.Next : _plan.Previous, e);
            throw Broke(e);
        }
        finally
        {
            _data.Settle();
        }
    }

    /// <summary>
    /// A data connection failed. Mostly a consequence: the neighbour closes it too when another rank is lost, and the side channel says
    /// at once who that is. Only if it has nothing to say all the while is the neighbour itself to blame.
    /// </summary>
    private void JudgeFailure(int neighbour, Exception cause)
    {
        lock (_gate)
            for (var deadline = Deadline.In(_newsTime); _breakage is null && !_disposed && !_monitor.HasLeft(neighbour) && !deadline.Passed;)
                Monitor.Wait(_gate, deadline.Left);
        Break(_monitor.HasLeft(neighbour)
            ? new Breakage($"{_plan.Describe(neighbour)} left the ring while {_plan.Describe(Rank)} still needed it.", [])
            : new Breakage($"{_plan.Describe(neighbour)} is lost: its data connection broke ({cause.Message}).", [neighbour]));
    }

    private CollectiveBrokenException OutOfStep(OutOfStepException e)
    {
        Break(new Breakage($"The ranks are out of step at {_plan.Describe(Rank)}: {e.Message}.", []));
        return Broke(e);
    }

    private void SomeoneLeft()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    private CollectiveBrokenException Broke(Exception cause) => Volatile.Read(ref _breakage) is { } breakage
        ? breakage.ToException(cause)
        : new CollectiveBrokenException("The communicator was closed during a call.", cause);

    private void ThrowIfUnusable()
    {
        lock (_gate)
        {
            if (_breakage is not null) throw _breakage.ToException();
            ObjectDisposedException.ThrowIf(_disposed, this);
        }
    }

    private static Bucket Check(Tensor input, Tensor output, long offset, long count, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (input.dtype != output.dtype || input.numel() != output.numel())
            throw new ArgumentException($"Input and output differ: {input.numel()} × {input.dtype} and {output.numel()} × {output.dtype}.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, input.numel() - offset);
        Reduction.Of(input.dtype, operation);
        nint from = Address(input), to = Address(output);
        int elementBytes = (int)input.element_size();
        long bytes = input.numel() * elementBytes, start = offset * elementBytes;
        if (bytes > 0 && from < to + bytes && to < from + bytes) throw new ArgumentException("Input and output share memory: a broken reduction could not be repeated.");
        return new Bucket(from + (nint)start, to + (nint)start, count, input.dtype, elementBytes, operation, input, output);
    }

    private static nint Address(Tensor tensor) => tensor.element_size() switch
    {
        1 => (nint)HostMemory.Pointer<byte>(tensor),
        2 => (nint)HostMemory.Pointer<ushort>(tensor),
        4 => (nint)HostMemory.Pointer<uint>(tensor),
        8 => (nint)HostMemory.Pointer<ulong>(tensor),
        var size => throw new ArgumentException($"The ring has no elements of {size} bytes ({tensor.dtype})."),
    };
}
