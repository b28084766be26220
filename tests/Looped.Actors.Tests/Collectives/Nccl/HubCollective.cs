using Looped.Actors.Collectives;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>The meeting point of ranks that are threads of this process. It breaks for all at once.</summary>
internal sealed class Hub(int size)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Barrier _meeting = new(size);
    private readonly Array[] _given = new Array[size];
    private readonly CancellationTokenSource _broken = new();
    private readonly List<int> _lost = [];

    public int Size => size;

    public CancellationToken Broken => _broken.Token;

    public IReadOnlyList<int> Lost
    {
        get { lock (_gate) return [.. _lost]; }
    }

    /// <summary>A rank is gone.</summary>
    public void Lose(int rank)
    {
        lock (_gate) _lost.Add(rank);
        Break();
    }

    public void Break() => _broken.Cancel();

    /// <summary>Everyone gives something and sees what all gave.</summary>
    public TResult Meet<TResult>(int rank, Array mine, Func<Array[], TResult> look)
    {
        try
        {
            _given[rank] = mine;
            Wait();
            TResult seen = look(_given);
            Wait();
            return seen;
        }
        catch (OperationCanceledException)
        {
            throw new CollectiveBrokenException("The hub is broken.");
        }
    }

    private void Wait()
    {
        if (!_meeting.SignalAndWait(Bound, Broken)) throw new TimeoutException("The ranks never met.");
    }
}

/// <summary>The control plane of a test: exact, in memory, for the types that control traffic has.</summary>
internal sealed class HubCollective(Hub hub, int rank) : ICollective
{
    private int _reductions;

    public int Rank => rank;

    public int WorldSize => hub.Size;

    public int Reductions => _reductions;

    public CancellationToken Broken => hub.Broken;

    public IReadOnlyList<int> Lost => hub.Lost;

    public void AllReduce(Tensor input, Tensor output, ReduceOperation operation)
    {
        _reductions++;
        long[] all = hub.Meet(rank, input.to(ScalarType.Int64).data<long>().ToArray(), given => given.Cast<long[]>().Aggregate(
            (a, b) => [.. a.Zip(b, (x, y) => operation == ReduceOperation.Sum ? x + y : Math.Max(x, y))]));
        using Tensor result = from_array(all);
        output.copy_(result);
    }

    public void Broadcast(Tensor buffer, int root)
    {
        using Tensor result = from_array(hub.Meet(rank, buffer.data<long>().ToArray(), given => (long[])given[root].Clone()));
        buffer.copy_(result);
    }

    public void Barrier() => hub.Meet(rank, Array.Empty<long>(), _ => true);

    public void Beat(long microBatches, RankPulse pulse)
    {
        // Nobody listens.
    }

    public void Abort() => hub.Break();

    public void Dispose() => hub.Break();
}
