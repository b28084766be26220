using System.Diagnostics;

namespace Looped.Host.Tests.Clustering;

/// <summary>Machines that lose sight of each other: a seed and two workers, each in a network of its own, joined by a bridge.</summary>
[Collection(nameof(LongClusterProcesses))]
public class PartitionTests(LongUndisturbedRun undisturbed)
{
    [Fact(Explicit = true)]
    public async Task A_generation_goes_on_without_its_seed_a_broken_one_waits_and_a_healed_one_ends_in_the_same_bits()
    {
        string? missing = PrivateNetwork.Missing();
        Assert.SkipWhen(missing is not null, $"networks of their own for processes: {missing}");
        using var network = new PrivateNetwork(3);
        using var run = new ClusterRun(undisturbed) { Secret = "a secret for three machines", Address = $"{PrivateNetwork.Address(0)}:4053" };
        LoopedProcess seed = await run.SeedBy(network.Enter(0), "--workers", "2");
        LoopedProcess first = run.WorkerBy(network.Enter(1)), second = run.WorkerBy(network.Enter(2));
        await run.WaitForMember(second);

        network.Cut(0);
        // Longer than any timeout of two seconds: the seed has given the workers up, and they do not care.
        long cut = Stopwatch.GetTimestamp(), without = run.Assignments[^1].Step;
        do await run.WaitForStep(++without);
        while (Stopwatch.GetElapsedTime(cut) < TimeSpan.FromSeconds(5) && without < undisturbed.Steps / 2);

        network.Cut(1);
        network.Cut(2);
        // Each is alone with a seed that it cannot reach: nobody may go on.
        await run.StandsStill(TimeSpan.FromSeconds(6));

        for (int node = 0; node < 3; node++) network.Heal(node);
        await run.Ends(0, seed, first, second);
        await run.MustBeUndisturbed();
        Assert.Equal(undisturbed.Steps, File.ReadLines(run.Run.Steps).Count());
    }

    /// <summary>Network namespaces on one bridge, made for a test and removed after it.</summary>
    private sealed class PrivateNetwork : IDisposable
    {
        private static int _count;

        private readonly string _name = $"lp{Environment.ProcessId % 100_000}x{Interlocked.Increment(ref _count)}";
        private readonly int _nodes;

        public PrivateNetwork(int nodes)
        {
            _nodes = nodes;
            try
            {
                // The bridge lives in a namespace, too: nothing of the machine's own network is touched.
                Ip($"netns add {_name}b");
                Ip($"-n {_name}b link add bridge type bridge");
                Ip($"-n {_name}b link set bridge up");
                for (int node = 0; node < nodes; node++)
                {
                    Ip($"netns add {_name}n{node}");
                    Ip($"-n {_name}n{node} link add eth0 type veth peer name port{node} netns {_name}b");
                    Ip($"-n {_name}n{node} addr add {Address(node)}/24 dev eth0");
                    Ip($"-n {_name}n{node} link set eth0 up");
                    Ip($"-n {_name}n{node} link set lo up");
                    Ip($"-n {_name}b link set port{node} master bridge up");
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>What prevents it; null if nothing does.</summary>
        public static string? Missing()
        {
            if (!OperatingSystem.IsLinux()) return "needs Linux";
            try
            {
                string probe = $"lp{Environment.ProcessId % 100_000}probe";
                Ip($"netns add {probe}");
                try
                {
                    Ip($"-n {probe} link add bridge type bridge");
                }
                finally
                {
                    Ip($"netns del {probe}");
                }
                return null;
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                return $"needs root and iproute2 ({e.Message})";
            }
        }

        public static string Address(int node) => $"10.213.7.{node + 1}";

        /// <summary>What to put before a command line to run it on a node.</summary>
        public string[] Enter(int node) => ["ip", "netns", "exec", $"{_name}n{node}"];

        /// <summary>Packets from and to a node are dropped, without a word to either side.</summary>
        public void Cut(int node) => Ip($"-n {_name}b link set port{node} nomaster");

        public void Heal(int node) => Ip($"-n {_name}b link set port{node} master bridge");

        public void Dispose()
        {
            foreach (string name in Enumerable.Range(0, _nodes).Select(n => $"{_name}n{n}").Append($"{_name}b"))
                if (File.Exists($"/run/netns/{name}")) Ip($"netns del {name}");
        }

        private static void Ip(string arguments)
        {
            using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            string error = ip.StandardError.ReadToEnd();
            ip.WaitForExit();
            if (ip.ExitCode != 0) throw new InvalidOperationException($"ip {arguments}: {error.Trim()}");
        }
    }
}
