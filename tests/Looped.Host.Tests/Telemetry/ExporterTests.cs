using System.Net;
using System.Net.Sockets;
using Looped.Actors.Runs;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Telemetry;

/// <summary>Exporters of real processes: what they send, and that nothing that is wrong with them disturbs training.</summary>
public sealed class ExporterTests : IDisposable
{
    private readonly TinyRun _tiny = new();

    private LoopedProcess Start(string endpoint, params string[] more) => LoopedProcess.Start(_tiny.Folder, new Dictionary<string, string?>
    {
        ["XDG_CACHE_HOME"] = Path.Combine(_tiny.Folder, "cache"),
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-otlp-api-key=secret",
    }, ["train", "tiny.yaml", .. more]);

    [Fact]
    public async Task A_collector_is_sent_metrics_and_traces_and_the_summary_adds_up()
    {
        using var collector = new FakeCollector();
        using LoopedProcess process = Start(collector.Endpoint);
        (await process.WaitAsync()).Expect(0);
        Assert.All((string[])["/v1/metrics", "/v1/traces"], path => Assert.Contains(collector.Requests, r => r.Path == path && r.Bytes > 100 && r.Key == "secret"));
        RunSummary summary = RunSummary.Read(_tiny.Run.Summary)!;
        Assert.Equal(summary.Time!.Goodput, summary.Goodput);
        Assert.InRange(summary.Goodput, 0.01, 1);
        // The process lives a moment longer than its worker.
        Assert.InRange(summary.Time.Alive, 0.3 * summary.Seconds, 3 * summary.Seconds + 10);
        Assert.Contains("Goodput", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_said_once_and_training_goes_on()
    {
        using LoopedProcess process = Start($"http://127.0.0.1:{Ports.Free(1)}");
        (await process.WaitAsync()).Expect(0);
        string said = process.Output + process.Error;
        Assert.Equal(2, said.Split("telemetry is not delivered").Length);
        Assert.Contains("looped doctor", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_before_training()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        LoopedResult result = await _tiny.Train("--set", $"telemetry.prometheus_port={port}");
        result.Expect(1);
        Assert.Contains($"127.0.0.1:{port} is in use", result.Error, StringComparison.Ordinal);
        Assert.Contains("telemetry.prometheus_port", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_tiny.Run.Metrics));
    }

    public void Dispose() => _tiny.Dispose();
}
