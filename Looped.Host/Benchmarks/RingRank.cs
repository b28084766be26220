using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Host.Benchmarks;


/// <summary>What rank 0 measured: for each, the slowest rank's seconds.</summary>
/// <param name="Large">All-reduces of the buffer, round by round.</param>
/// <param name="Small">The median of all-reduces of eight bytes.</param>
internal sealed record RingBenchmarkTimes(double[] Large, double Small);

/// <summary>One rank of <c>bench ring</c>, in a process of its own: reads the secret, says its port, reads everyone's, measures.</summary>
internal static class RingRank
{
    private const int WarmUp = 2, SmallRounds = 500;

    public static void Run(int rank, int megabytes, int rounds, bool tcp, TextReader input, TextWriter output)
    {
        byte[] secret = Convert.FromBase64String(input.ReadLine()!);
        using var listener = new RingListener(IPAddress.Loopback, 0, 0, secret, Name(rank));
        output.WriteLine(listener.EndPoint.Port);
        int[] ports = JsonSerializer.Deserialize<int[]>(input.ReadLine()!)!;
        var plan = new RingPlan(1, 1, rank, [.. ports.Select((_, r) => Name(r))], [.. ports.Select(port => new DnsEndPoint("127.0.0.1", port))]) { ShareMemory = !tcp };
        using ICollective ring = listener.Join(plan, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), CancellationToken.None);
        set_num_threads(1);
        using Tensor values = ones(megabytes * 1_000_000L / sizeof(float)), sum = zeros_like(values), one = ones(1, ScalarType.Int64), all = zeros_like(one);
        double[] large = Measure(ring, values, sum, rounds), small = Measure(ring, one, all, SmallRounds);
        if (rank == 0) output.WriteLine(JsonSerializer.Serialize(new RingBenchmarkTimes(large, small.Order().ElementAt(SmallRounds / 2))));
    }

    private static double[] Measure(ICollective ring, Tensor input, Tensor output, int rounds)
    {
        double[] seconds = new double[rounds];
        using Tensor mine = zeros(1, ScalarType.Int64), slowest = zeros(1, ScalarType.Int64);
        for (int round = -WarmUp; round < rounds; round++)
        {
            ring.Barrier();
            long started = Stopwatch.GetTimestamp();
            ring.AllReduce(input, output, ReduceOperation.Sum);
            mine.fill_(Number(Stopwatch.GetTimestamp() - started));
            ring.AllReduce(mine, slowest, ReduceOperation.Max);
            if (round >= 0) seconds[round] = slowest.item<long>() / (double)Stopwatch.Frequency;
        }
        return seconds;
    }

    private static string Name(int rank) => $"rank-{rank}";
}
