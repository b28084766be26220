using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Looped.Host.Benchmarks;

/// <summary>The same all-reduce by gloo, for comparison, where this machine's Python has PyTorch.</summary>
internal static class GlooBenchmark
{
    private const string Script = """
        import os, sys, time, statistics
        import torch, torch.distributed as dist
        world, megabytes, rounds, port = map(int, sys.argv[1:5])
        rank = next((r for r in range(1, world) if os.fork() == 0), 0)
        torch.set_num_threads(1)
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)
        values, seconds = torch.ones(megabytes * 1000000 // 4), []
        for _ in range(rounds + 2):
            dist.barrier()
            started = time.perf_counter()
            dist.all_reduce(values)
            seconds.append(time.perf_counter() - started)
        dist.barrier()
        if rank == 0: print(statistics.median(seconds[2:]))
        """;

    /// <summary>Median seconds of an all-reduce, or null if there is no PyTorch with gloo.</summary>
    public static async Task<double?> Run(int world, int megabytes, int rounds, CancellationToken cancel)
    {
        if (await Python(["-c", "import torch.distributed as d; assert d.is_gloo_available()"], cancel) is null) return null;
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        string[] arguments = [.. new[] { world, megabytes, rounds, port }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        return double.TryParse(await Python(["-c", Script, .. arguments], cancel), CultureInfo.InvariantCulture, out double seconds) ? seconds : null;
    }

    /// <summary>What Python printed, or null if it failed or is not there.</summary>
    private static async Task<string?> Python(string[] arguments, CancellationToken cancel)
    {
        try
        {
            using var python = Process.Start(new ProcessStartInfo("python3", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = python.StandardError.ReadToEndAsync(cancel);
            string output = await python.StandardOutput.ReadToEndAsync(cancel);
            await errors;
            await python.WaitForExitAsync(cancel);
            return python.ExitCode == 0 ? output : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
