using Looped.Actors.Collectives.Nccl;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>
/// A GPU fabric in host memory behind <see cref="FakeNccl"/>: reduces for real between the ranks that joined with one id, is as slow, silent
/// or broken as the test wants, and notes every call and every breach of NCCL's rules.
/// </summary>
internal sealed class FakeFabric
{
    private readonly Lock _gate = new();
    private readonly List<string> _log = [], _breaches = [];
    private readonly Dictionary<string, World> _worlds = [];
    private readonly Dictionary<nint, Comm> _comms = [];
    private readonly Dictionary<nint, Operation?> _events = [];
    private readonly Dictionary<nint, (Operation? Operation, Comm? Comm)> _streams = [];
    private nint _next = 0x1000;

    /// <summary>How often a started call answers that it is in progress before it is settled.</summary>
    public int PollsUntilSettled { get; set; } = 2;

    /// <summary>The ranks never find each other.</summary>
    public bool InitialisationHangs { get; set; }

    /// <summary>Collectives are accepted and never end.</summary>
    public bool CollectivesHang { get; set; }

    /// <summary>What polls answer instead of success, once a collective was started.</summary>
    public NcclResult CollectivesFailWith { get; set; }

    /// <summary>What <c>cudaEventRecord</c> answers.</summary>
    public int EventRecordError { get; set; }

    /// <summary>Holds every abort up.</summary>
    public ManualResetEventSlim AbortGate { get; } = new(initialState: true);

    /// <summary>Set when a collective is under way.</summary>
    public ManualResetEventSlim Started { get; } = new();

    /// <summary>Released once for each finished abort.</summary>
    public SemaphoreSlim Aborted { get; } = new(0);

    public int Polls { get; private set; }

    public string[] Log { get { lock (_gate) return [.. _log]; } }

    public string[] Breaches { get { lock (_gate) return [.. _breaches]; } }

    /// <summary>Ids that were made, in hexadecimal.</summary>
    public string[] Ids { get { lock (_gate) return [.. _worlds.Keys]; } }

    public void MakeId(Span<byte> id)
    {
        Random.Shared.NextBytes(id);
        lock (_gate) _worlds.Add(Convert.ToHexString(id), new World());
    }

    public nint Join(int size, ReadOnlySpan<byte> id, int rank, NcclConfig config)
    {
        lock (_gate)
        {
            _log.Add($"init {rank} of {size}");
            if (config is not { Size: 48, Magic: 0xCAFEBEEF, Version: 21800, Blocking: 0, MinCtas: int.MinValue, TrafficClass: int.MinValue })
                _breaches.Add("the configuration is not the one of a non-blocking communicator");
            if (!_worlds.TryGetValue(Convert.ToHexString(id), out World? world))
            {
                _breaches.Add($"rank {rank} came with an id that nobody made");
                world = new World();
            }
            if (!world.Joined.Add(rank)) _breaches.Add($"rank {rank} used an id twice");
            world.Size = size;
            nint handle = _next++;
            _comms.Add(handle, new Comm(world, rank, Environment.CurrentManagedThreadId) { PollsLeft = PollsUntilSettled });
            return handle;
        }
    }

    public NcclResult State(nint handle)
    {
        lock (_gate)
        {
            Polls++;
            Comm comm = Touch(handle, "poll");
            if (InitialisationHangs || comm.World.Joined.Count < comm.World.Size || comm.PollsLeft-- > 0) return NcclResult.InProgress;
            return comm.Operations > 0 ? CollectivesFailWith : NcclResult.Success;
        }
    }

    /// <summary>Enqueues this rank's part; the last to come computes.</summary>
    public NcclResult Enqueue(string name, nint handle, nint stream, Part part, Action<IReadOnlyDictionary<int, Part>> compute)
    {
        lock (_gate)
        {
            Comm comm = Touch(handle, name);
            if (comm.PollsLeft > 0) _breaches.Add($"{name} before the previous call was settled");
            _log.Add($"{name} {comm.Rank}");
            Operation operation = comm.World.At(comm.Operations++);
            operation.Parts[comm.Rank] = part;
            if (operation.Parts.Count == comm.World.Size && !CollectivesHang)
            {
                compute(operation.Parts);
                operation.Done = true;
            }
            _streams[stream] = (operation, comm);
            comm.PollsLeft = PollsUntilSettled;
            Started.Set();
            return comm.PollsLeft > 0 ? NcclResult.InProgress : NcclResult.Success;
        }
    }

    public void Abort(nint handle)
    {
        lock (_gate)
        {
            Comm comm = Touch(handle, "abort");
            comm.IsAborted = true;
            _log.Add($"abort {comm.Rank}");
        }
        AbortGate.Wait();
        Aborted.Release();
    }

    public nint NewStream(uint flags)
    {
        lock (_gate)
        {
            if (flags != CudaApi.NonBlockingStream) _breaches.Add("the stream would wait for the default stream");
            _streams.Add(_next, default);
            return _next++;
        }
    }

    public nint NewEvent()
    {
        lock (_gate)
        {
            _events.Add(_next, null);
            return _next++;
        }
    }

    public int Record(nint cudaEvent, nint stream)
    {
        lock (_gate)
        {
            (Operation? operation, Comm? comm) = stream == 0 ? default : _streams[stream];
            if (comm is { PollsLeft: > 0 }) _breaches.Add("the stream was used while NCCL was launching on it");
            _events[cudaEvent] = operation;
            return EventRecordError;
        }
    }

    public bool HasPassed(nint cudaEvent)
    {
        lock (_gate) return _events[cudaEvent] is not { Done: false };
    }

    public void Destroy(nint streamOrEvent)
    {
        lock (_gate)
            if (!_streams.Remove(streamOrEvent) && !_events.Remove(streamOrEvent)) _breaches.Add("something was destroyed twice");
    }

    /// <summary>Streams and events that were not destroyed.</summary>
    public int Leaks { get { lock (_gate) return _streams.Count + _events.Count; } }

    private Comm Touch(nint handle, string call)
    {
        Comm comm = _comms[handle];
        if (comm.IsAborted) _breaches.Add($"{call} after the abort of rank {comm.Rank}");
        if (comm.Thread != Environment.CurrentManagedThreadId) _breaches.Add($"{call} of rank {comm.Rank} from a thread that does not own the communicator");
        return comm;
    }

    /// <summary>What one rank brings to a collective.</summary>
    public sealed record Part(nint Send, nint Receive, int Count);

    private sealed class World
    {
        private readonly List<Operation> _operations = [];

        public HashSet<int> Joined { get; } = [];

        public int Size { get; set; }

        public Operation At(int index)
        {
            while (_operations.Count <= index) _operations.Add(new Operation());
            return _operations[index];
        }
    }

    private sealed class Operation
    {
        public Dictionary<int, Part> Parts { get; } = [];

        public bool Done { get; set; }
    }

    private sealed class Comm(World world, int rank, int thread)
    {
        public World World => world;

        public int Rank => rank;

        public int Thread => thread;

        public int PollsLeft { get; set; }

        public int Operations { get; set; }

        public bool IsAborted { get; set; }
    }
}
