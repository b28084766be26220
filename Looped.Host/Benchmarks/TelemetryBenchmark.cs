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

/// <summary>A mean and how sure it is.</summary>
/// <param name="Mean">Of all pairs of blocks.</param>
/// <param name="HalfWidth">Half of its 95 % interval, from the spread of the pairs; NaN for one pair.</param>
internal readonly record struct Estimate(double Mean, double HalfWidth)
{
    public static Estimate Of(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        return new(mean, 1.96 * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count));
    }
}

/// <summary>What steps of one run cost with every signal on and with none: neighbouring blocks of them, by their medians.</summary>
/// <param name="Pairs">One block with and one without.</param>
/// <param name="Requests">Exports that the collector took.</param>
/// <param name="Parts">What the signals cost by themselves.</param>
internal sealed record TelemetryResult(IReadOnlyList<(StepCost On, StepCost Off)> Pairs, int Requests, TelemetryParts Parts)
{
    /// <summary>What the signals add to a step, as a share of it.</summary>
    public Estimate Extra => Estimate.Of([.. Pairs.Select(p => p.On.Seconds / p.Off.Seconds - 1)]);

    /// <summary>The same for processor time: steadier where other programs compute too.</summary>
    public Estimate ExtraProcessor => Estimate.Of([.. Pairs.Select(p => p.On.Processor / p.Off.Processor - 1)]);

    /// <summary>A step without any.</summary>
    public StepCost Off => Median([.. Pairs.Select(p => p.Off)]);

    public static StepCost Median(IReadOnlyList<StepCost> costs) => new(Median([.. costs.Select(c => c.Seconds)]), Median([.. costs.Select(c => c.Processor)]));

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}

/// <summary>
/// What telemetry costs a step: one run in which the exporters come and go every few steps, so that a drift of the machine favours neither. While
/// they are there, metrics and traces go to a collector in this very process, and the Prometheus port is open.
/// </summary>
internal sealed class TelemetryBenchmark(RunRecipe recipe, RunData data)
{
    private const int Block = 12, Settling = 3;

    private readonly Dictionary<long, List<StepCost>> _blocks = [];
    private Exporters? _exporters;
    private int _port;
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
        Toggle(on: false, collector.Endpoint);
        TelemetryParts off = await TelemetryParts.Measure(instruments, recipe.Batch.MicroBatches(), scrape: null);
        Toggle(on: true, collector.Endpoint);
        using var prometheus = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}/") };
        TelemetryParts on = await TelemetryParts.Measure(instruments, recipe.Batch.MicroBatches(), async () => await prometheus.GetStringAsync(new Uri("metrics", UriKind.Relative)));
        _exporters!.Dispose();
        return new TelemetryResult([.. Enumerable.Range(1, blocks).Select(Pair)], collector.Requests, on - off);
    }

    /// <summary>The blocks 2p and 2p + 1; pair 0 only warms up.</summary>
    private (StepCost On, StepCost Off) Pair(int pair)
    {
        StepCost Cost(bool on) => TelemetryResult.Median(_blocks[IsOn(2 * pair) == on ? 2 * pair : 2 * pair + 1]);
        return (Cost(true), Cost(false));
    }

    private void Committed(StepReport step, Uri collector)
    {
        int place = (int)((step.Step - 1) % Block);
        long block = (step.Step - 1) / Block;
        if (place >= Settling) BlockOf(block).Add(new StepCost(Stopwatch.GetElapsedTime(_last).TotalSeconds, (Environment.CpuUsage.TotalTime - _processor).TotalSeconds));
        if (place == Block - 1 && IsOn(block + 1) != IsOn(block)) Toggle(IsOn(block + 1), collector);
        (_last, _processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
    }

    private List<StepCost> BlockOf(long block) => _blocks.TryGetValue(block, out List<StepCost>? costs) ? costs : _blocks[block] = [];

    /// <summary>Every other pair of blocks begins with the signals: a process gets faster as it runs, and whatever always came second would gain by it.</summary>
    private static bool IsOn(long block) => block % 2 == (block / 2 % 2 == 0 ? 1 : 0);

    private void Toggle(bool on, Uri collector)
    {
        _exporters?.Dispose();
        _exporters = !on ? null : Exporters.Start(new NodeIdentity("train", "bench"), recipe.Telemetry with { Otlp = true }, new ScrapeAddress("127.0.0.1", _port = FreePort()),
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
