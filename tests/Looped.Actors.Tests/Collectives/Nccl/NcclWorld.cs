using Looped.Actors.Collectives.Nccl;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>The fake tables are static, so the tests that use them take turns.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FakeNcclCollection
{
    public const string Name = "fake NCCL";
}

/// <summary>Ranks as threads on one <see cref="FakeFabric"/>; every CPU tensor counts as device memory unless the test says otherwise.</summary>
internal sealed class NcclWorld
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public NcclWorld(int size = 2)
    {
        Hub = new Hub(size);
        FakeNccl.Fabric = Fabric = new FakeFabric();
    }

    public FakeFabric Fabric { get; }

    public Hub Hub { get; }

    public NcclOptions Options { get; set; } = new()
    {
        AddressOf = tensor => DeviceMemory.FirstElement(tensor),
        ExitProcess = reason => throw new InvalidOperationException(reason),
    };

    public NcclCollective Join(int rank, int version = 22705) =>
        new(NcclLibrary.Of(FakeNccl.Nccl, new NcclVersion(version)), FakeNccl.Cuda, new HubCollective(Hub, rank), Options);

    /// <summary>Every rank joins and acts on a thread of its own, and leaves when all are through.</summary>
    /// <returns>What each rank threw; null where nothing.</returns>
    public Exception?[] Run(Action<NcclCollective> act, Func<int, int>? versionOf = null)
    {
        var failures = new Exception?[Hub.Size];
        using var through = new CountdownEvent(Hub.Size);
        Thread[] threads = [.. Enumerable.Range(0, Hub.Size).Select(rank => new Thread(() =>
        {
            NcclCollective? collective = null;
            try
            {
                collective = Join(rank, versionOf?.Invoke(rank) ?? 22705);
                act(collective);
            }
#pragma warning disable CA1031 // The test looks at it.
            catch (Exception failure)
            {
                failures[rank] = failure;
            }
#pragma warning restore CA1031
            through.Signal();
            through.Wait(Bound);
            collective?.Dispose();
        }))];
        foreach (Thread thread in threads) thread.Start();
        Assert.All(threads, thread => Assert.True(thread.Join(Bound), "a rank never came back"));
        Assert.Empty(Fabric.Breaches);
        return failures;
    }

    /// <summary>Runs, and nothing goes wrong.</summary>
    public void RunWell(Action<NcclCollective> act) => Assert.All(Run(act), Assert.Null);
}
