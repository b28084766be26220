using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>
/// A non-blocking NCCL communicator with its stream. Belongs to one thread, which makes every call and never waits inside the driver: it polls,
/// looks at the token between polls, and so is always free to abort. There is no finaliser: one could run after the driver is gone.
/// </summary>
/// <param name="nccl">NCCL.</param>
/// <param name="cuda">The CUDA runtime.</param>
/// <param name="options">Device and deadlines.</param>
/// <param name="rank">This rank, for messages and for NCCL.</param>
/// <param name="broken">Cancelled when a peer is lost or somebody aborts: every wait ends.</param>
internal sealed unsafe class NcclCommunicator(NcclApi nccl, CudaApi cuda, NcclOptions options, int rank, CancellationToken broken)
{
    /// <summary>The default stream, on which all work of LibTorch runs.</summary>
    private const nint ComputeStream = 0;

    /// <summary>NCCL keeps this address and may write to it from its own threads, so it is not on a stack.</summary>
    private nint* _handle = (nint*)NativeMemory.AllocZeroed((nuint)sizeof(nint));

    private nint _stream, _ready, _done;
    private string _operation = "initialisation";
    private volatile bool _leaving;

    /// <summary>Selects the device for this thread, and makes stream and events.</summary>
    public void Open()
    {
        Check(cuda.SetDevice(options.Device));
        fixed (nint* stream = &_stream, ready = &_ready, done = &_done)
        {
            Check(cuda.StreamCreateWithFlags(stream, CudaApi.NonBlockingStream));
            Check(cuda.EventCreateWithFlags(ready, CudaApi.EventWithoutTiming));
            Check(cuda.EventCreateWithFlags(done, CudaApi.EventWithoutTiming));
        }
    }

    /// <summary>A new id; this process must live until every rank has initialised.</summary>
    public NcclUniqueId NewId()
    {
        NcclUniqueId id;
        Check(nccl.GetUniqueId(&id));
        return id;
    }

    /// <summary>Joins the other ranks; returns when all are connected.</summary>
    public void Initialise(int worldSize, NcclUniqueId id)
    {
        NcclConfig config = NcclConfig.NonBlocking;
        CheckStarted(nccl.CommInitRankConfig(_handle, worldSize, id, rank, &config));
        Await(IsSettled, options.InitialiseWithin);
    }

    /// <summary>Starts an all-reduce behind the work that LibTorch has been given; returns when this rank's values are ready.</summary>
    public void BeginAllReduce(nint input, nint output, nuint count, NcclDataType type, NcclOperation operation) =>
        Begin("all-reduce", () => nccl.AllReduce(input, output, count, type, operation, *_handle, _stream));

    /// <summary>Starts a broadcast; returns when this rank's values are ready.</summary>
    public void BeginBroadcast(nint buffer, nuint count, NcclDataType type, int root) =>
        Begin("broadcast", () => nccl.Broadcast(buffer, buffer, count, type, root, *_handle, _stream));

    private void Begin(string operation, Func<NcclResult> enqueue)
    {
        _operation = operation;
        Check(cuda.EventRecord(_ready, ComputeStream));
        Check(cuda.StreamWaitEvent(_stream, _ready, 0));
        CheckStarted(enqueue());
        Await(() => HasPassed(_ready), limit: null);
    }

    /// <summary>Waits for what was begun. Every rank's values are ready now, so the time is NCCL's alone and has a limit.</summary>
    public void Complete()
    {
        // The launch itself may still be under way on a thread of NCCL; until then the stream is not ours to use.
        Await(IsSettled, options.CompleteWithin);
        Check(cuda.EventRecord(_done, _stream));
        Await(() => IsSettled() && HasPassed(_done), options.CompleteWithin);
    }

    /// <summary>The generation ends well: nothing is under way, so an abort that waits for peers to end theirs is no reason to give the process up. From any thread.</summary>
    public void Leave() => _leaving = true;

    /// <summary>
    /// Ends the communicator, whatever state it is in, and frees what <see cref="Open"/> made. If NCCL does not come back in time after a failure, the
    /// process is given up: the call cannot be taken back, and the device stays occupied.
    /// </summary>
    public void Abort()
    {
        if (_handle == null) return;
        using (var watchdog = new Timer(_ => options.ExitProcess(
            $"ncclCommAbort did not return on rank {rank} within {options.AbortWithin.TotalSeconds:0.###} s; this process ends, so that a new one can join."),
            null, _leaving ? Timeout.InfiniteTimeSpan : options.AbortWithin, Timeout.InfiniteTimeSpan))
        {
            // The handle is dead afterwards, whatever the answer.
            if (*_handle != 0) nccl.CommAbort(*_handle);
        }
        NativeMemory.Free(_handle);
        _handle = null;
        if (_done != 0) cuda.EventDestroy(_done);
        if (_ready != 0) cuda.EventDestroy(_ready);
        if (_stream != 0) cuda.StreamDestroy(_stream);
        (_stream, _ready, _done) = (0, 0, 0);
    }

    private void Await(Func<bool> done, TimeSpan? limit)
    {
        long started = Stopwatch.GetTimestamp();
        var wait = new SpinWait();
        while (!done())
        {
            if (broken.IsCancellationRequested) throw Failure("was aborted, because a peer was lost or ended the generation");
            if (Stopwatch.GetElapsedTime(started) > limit) throw Failure($"did not complete within {limit.Value.TotalSeconds:0.###} s");
            wait.SpinOnce();
        }
    }

    private bool IsSettled()
    {
        NcclResult state;
        Check(nccl.CommGetAsyncError(*_handle, &state));
        if (state == NcclResult.InProgress) return false;
        Check(state);
        return true;
    }

    private bool HasPassed(nint cudaEvent)
    {
        int error = cuda.EventQuery(cudaEvent);
        if (error == CudaApi.NotReady) return false;
        Check(error);
        return true;
    }

    private void CheckStarted(NcclResult result)
    {
        if (result != NcclResult.InProgress) Check(result);
    }

    private void Check(NcclResult result)
    {
        if (result != NcclResult.Success) throw Failure($"failed: {nccl.Describe(result)}");
    }

    private void Check(int error)
    {
        if (error != 0) throw Failure($"failed: {cuda.Describe(error)}");
    }

    private CollectiveBrokenException Failure(string what) =>
        new($"The NCCL {_operation} of rank {rank} {what}. NCCL_DEBUG=WARN in the environment makes NCCL say more.");
}
