using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Looped.Models;

namespace Looped.Host.Benchmarks;

/// <summary>The ring's speed between processes of this machine, on loopback.</summary>
/// <param name="world">Number of processes.</param>
/// <param name="megabytes">Size of the buffer, in 10⁶ bytes.</param>
/// <param name="rounds">Measured all-reduces of it.</param>
/// <param name="tcp">Whether memory that the processes share is left alone.</param>
internal sealed class RingBenchmark(int world, int megabytes, int rounds, bool tcp)
{
    /// <summary>The command, hidden from the help, that runs one rank.</summary>
    public const string RankCommand = "ring-rank";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Measures; the children end with it.</summary>
    public async Task<RingBenchmarkTimes> Run(CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(Patience);
        string secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        Process[] ranks = [.. Enumerable.Range(0, world).Select(Start)];
        try
        {
            foreach (Process rank in ranks) await rank.StandardInput.WriteLineAsync(secret);
            int[] ports = new int[world];
            for (int i = 0; i < world; i++) ports[i] = int.Parse(await ReadLine(ranks[i], late.Token), CultureInfo.InvariantCulture);
            foreach (Process rank in ranks) await rank.StandardInput.WriteLineAsync(JsonSerializer.Serialize(ports));
            RingBenchmarkTimes times = JsonSerializer.Deserialize<RingBenchmarkTimes>(await ReadLine(ranks[0], late.Token))!;
            foreach (Process rank in ranks) await rank.WaitForExitAsync(late.Token);
            return times;
        }
        finally
        {
            foreach (Process rank in ranks)
            {
                if (!rank.HasExited) rank.Kill();
                rank.Dispose();
            }
        }
    }

    private Process Start(int rank)
    {
        string program = Environment.ProcessPath ?? throw new LoopedException("This program does not know where it lies, so it cannot start the ranks.");
        // Started through the host `dotnet`, the program itself is its first argument.
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(RingBenchmark).Assembly.Location] : [];
        string[] arguments = [.. self, "bench", RankCommand, "--rank", Number(rank), "--megabytes", Number(megabytes), "--rounds", Number(rounds), .. tcp ? ["--tcp"] : Array.Empty<string>()];
        return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> ReadLine(Process rank, CancellationToken cancel) => await rank.StandardOutput.ReadLineAsync(cancel)
        ?? throw new LoopedException("A rank of the benchmark ended early; its own message stands above.");
}
