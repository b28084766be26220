using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Looped.Actors.Recipes;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Host.Telemetry;
using Looped.Host.Training;
using OpenTelemetry.Exporter;

namespace Looped.Host.Benchmarks;

/// <summary>From commit to commit: seconds, and processor seconds of the whole process, exporters included.</summary>
internal readonly record struct StepCost(double Seconds, double Processor);

/// <summary>What steps of one run cost with every signal on and with none.</summary>
/// <param name="On">Steps with.</param>
/// <param name="Off">Steps without.</param>
/// <param name="Requests">Exports that the collector took.</param>
internal sealed record TelemetryResult(IReadOnlyList<StepCost> On, IReadOnlyList<StepCost> Off, int Requests)
{
    /// <summary>What the signals add to a step, as a share of it: the difference of the medians.</summary>
    public double Extra => Median(On, c => c.Seconds) / Median(Off, c => c.Seconds) - 1;

    /// <summary>The same for processor time: steadier where other programs compute too.</summary>
    public double ExtraProcessor => Median(On, c => c.Processor) / Median(Off, c => c.Processor) - 1;

    public static double Median(IReadOnlyList<StepCost> costs, Func<StepCost, double> part)
    {
        double[] sorted = [.. costs.Select(part).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>
/// What telemetry costs a step: one run in which the exporters come and go every few steps, so that a drift of the machine favours neither. While
/// they are there, metrics and traces go to a collector in this very process, and the Prometheus port is open.
/// </summary>
internal sealed class TelemetryBenchmark(RunRecipe recipe, RunData data)
{
    private const int Block = 12, Settling = 3;

    private readonly List<StepCost> _on = [], _off = [];
    private Exporters? _exporters;
    private long _last;
    private TimeSpan _processor;

    /// <summary>Measures.</summary>
    /// <param name="blocks">Pairs of blocks of steps.</param>
    public async Task<TelemetryResult> Run(int blocks)
    {
        using var instruments = new Instruments();
        using var collector = new Collector();
        RunRecipe timed = recipe with
        {
            // The first pair runs code that is not compiled fully yet.
            Training = recipe.Training with { Steps = 2 * Block * (blocks + 1) },
            Checkpoint = recipe.Checkpoint with { Every = 0 },
        };
        await TimedRun.Run(timed, data, step => Committed(step, collector.Endpoint), instruments);
        _exporters?.Dispose();
        return new TelemetryResult(_on, _off, collector.Requests);
    }

    private void Committed(StepReport step, Uri collector)
    {
        int place = (int)((step.Step - 1) % Block);
        long block = (step.Step - 1) / Block;
        if (step.Step > 2 * Block && place >= Settling) (IsOn(block) ? _on : _off).Add(new StepCost(Stopwatch.GetElapsedTime(_last).TotalSeconds, (Environment.CpuUsage.TotalTime - _processor).TotalSeconds));
        if (place == Block - 1 && IsOn(block + 1) != IsOn(block)) Toggle(IsOn(block + 1), collector);
        (_last, _processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
    }

    /// <summary>Every other pair of blocks begins with the signals: a process gets faster as it runs, and whatever always came second would gain by it.</summary>
    private static bool IsOn(long block) => block % 2 == (block / 2 % 2 == 0 ? 1 : 0);

    private void Toggle(bool on, Uri collector)
    {
        _exporters?.Dispose();
        _exporters = !on ? null : Exporters.Start(new NodeIdentity("train", "bench"), recipe.Telemetry with { Otlp = true }, new ScrapeAddress("127.0.0.1", FreePort()),
            required: true, _ => { }, options =>
            {
                options.Protocol = OtlpExportProtocol.HttpProtobuf;
                options.Endpoint = new Uri(collector, options.Endpoint.AbsolutePath);
            });
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Takes whatever is sent.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private int _requests;

        public Collector()
        {
            Endpoint = new Uri($"http://127.0.0.1:{FreePort()}/");
            _listener.Prefixes.Add(Endpoint.ToString());
            _listener.Start();
            _ = Serve();
        }

        public Uri Endpoint { get; }

        public int Requests => _requests;

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    await context.Request.InputStream.CopyToAsync(Stream.Null);
                    Interlocked.Increment(ref _requests);
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Disposed.
            }
        }

        public void Dispose() => _listener.Close();
    }
}
