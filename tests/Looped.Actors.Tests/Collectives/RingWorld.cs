using System.Net;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives;

/// <summary>Several ranks as threads of this process, each with its own listener on loopback.</summary>
internal sealed class RingWorld : IDisposable
{
    public static readonly TimeSpan Patient = TimeSpan.FromSeconds(30);

    private static readonly byte[] Secret = "ring tests"u8.ToArray();

    public RingWorld(int world, TimeSpan? handshake = null, bool shareMemory = false)
    {
        _shareMemory = shareMemory;
        Listeners = [.. Enumerable.Range(0, world).Select(rank => new RingListener(IPAddress.Loopback, 0, 0, Secret, Member(rank), handshake ?? TimeSpan.FromSeconds(2)))];
    }

    private readonly bool _shareMemory;

    public RingListener[] Listeners { get; }

    public static string Member(int rank) => $"worker-{rank}#1";

    public static RingListener Listen(string member, string secret = "ring tests") =>
        new(IPAddress.Loopback, 0, 0, System.Text.Encoding.UTF8.GetBytes(secret), member);

    public static DnsEndPoint At(RingListener listener) => new("127.0.0.1", listener.EndPoint.Port);

    public RingPlan Plan(int rank, long generation = 1) => new(1, generation, rank,
        [.. Enumerable.Range(0, Listeners.Length).Select(Member)], [.. Listeners.Select(At)])
    { ShareMemory = _shareMemory };

    public ICollective Join(int rank, long generation = 1, TimeSpan? workerTimeout = null, TimeSpan? deadline = null) =>
        Listeners[rank].Join(Plan(rank, generation), deadline ?? Patient, workerTimeout ?? Patient, TestContext.Current.CancellationToken);

    /// <summary>Forms the ring; one that shares memory has found that out when it is given.</summary>
    public ICollective[] Form(long generation = 1, TimeSpan? workerTimeout = null) => OnEach(rank =>
    {
        ICollective ring = Join(rank, generation, workerTimeout);
        if (!_shareMemory) return ring;
        using Tensor input = ones(50_000), output = zeros(50_000);
        ring.AllReduce(input, output, ReduceOperation.Sum);
        Assert.True(((RingCollective)ring).SharesMemory);
        return ring;
    });

    /// <summary>Does something on every rank at once, each on a thread of its own, and gives what came out; rethrows the first error.</summary>
    public T[] OnEach<T>(Func<int, T> act) => [.. Outcomes(act).Select(o => o.Error is null ? o.Value! : throw new InvalidOperationException(o.Error.ToString(), o.Error))];

    /// <summary>The same for errors that are expected.</summary>
    public Exception?[] ErrorsOf(Action<int> act) => [.. Outcomes(rank => { act(rank); return 0; }).Select(o => o.Error)];

    /// <summary>Forms a ring, lets every rank do something and say goodbye.</summary>
    public T[] Run<T>(Func<ICollective, T> act) => OnEach(rank =>
    {
        using ICollective ring = Join(rank);
        using var scope = NewDisposeScope();
        return act(ring);
    });

    public void Dispose()
    {
        foreach (RingListener listener in Listeners) listener.Dispose();
    }

    private (T? Value, Exception? Error)[] Outcomes<T>(Func<int, T> act)
    {
        var outcomes = new (T? Value, Exception? Error)[Listeners.Length];
        Thread[] threads = [.. Enumerable.Range(0, Listeners.Length).Select(rank => new Thread(() =>
        {
            try
            {
                outcomes[rank].Value = act(rank);
            }
#pragma warning disable CA1031 // The test looks at it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                outcomes[rank].Error = e;
            }
        })
        { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(TimeSpan.FromSeconds(60)), "A rank hangs.");
        return outcomes;
    }
}
