using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Looped.Host.Tests.Clustering;
using Looped.Host.Tests.Telemetry;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Dashboards;

/// <summary><c>looped dashboard</c> and what it shows of a run of two workers that loses one.</summary>
[Collection(nameof(ClusterProcesses))]
public class DashboardTests(UndisturbedRun undisturbed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public Task A_run_sends_to_the_dashboard_that_runs_and_a_recovery_is_one_trace_over_all_its_processes() => Observe((_, _) => Task.CompletedTask);

    [Fact]
    public async Task A_browser_shows_the_metrics_of_a_run_and_the_trace_of_a_recovery()
    {
        await using Browser browser = await Browser.Open(1400, 1000);
        await Observe(async (page, trace) =>
        {
            await browser.Go($"{page}/traces/detail/{trace}");
            string shown = await browser.Shows("first_step");
            Assert.All(["looped.recovery", "detect", "abort", "form", "connect", "copy"], span => Assert.Contains(span, shown, StringComparison.Ordinal));
            await Save(browser, "traces");
            await browser.Go($"{page}/metrics/resource/looped-worker");
            await browser.Shows("looped.train.steps");
            await Save(browser, "metrics");
        });
    }

    /// <summary>A dashboard, a run of two workers of which one is killed, a look, and the end.</summary>
    private async Task Observe(Func<string, string, Task> look)
    {
        int port = Ports.Free(3);
        string page = At(port);
        using var run = new ClusterRun(undisturbed);
        LoopedProcess dashboard = run.Start("dashboard", "--port", $"{port}", "--otlp-port", $"{port + 1}", "--otlp-http-port", $"{port + 2}");
        await dashboard.WaitForOutputAsync("Ctrl-C ends it");
        try
        {
            LoopedProcess again = run.Start("dashboard");
            await run.Ends(0, again);
            Assert.Contains($"runs already: {page}", again.Output, StringComparison.Ordinal);

            LoopedProcess train = run.Train("--workers", "2", "--set", "training.steps=20000");
            await train.WaitForOutputAsync($"Dashboard {page} shows this run live");
            await run.WaitForStep(3);
            using (Process victim = Process.GetProcessById(ElasticRunTests.WorkersOf(train)[1])) victim.Kill();

            using var client = new HttpClient { BaseAddress = new Uri(page) };
            string resources = "", spans = "";
            await Eventually.Holds(Patience, async () =>
            {
                resources = await client.GetStringAsync(new Uri("api/telemetry/resources", UriKind.Relative), TestContext.Current.CancellationToken);
                spans = await client.GetStringAsync(new Uri("api/telemetry/spans?limit=2000", UriKind.Relative), TestContext.Current.CancellationToken);
                return RecoveryOf(spans) is { Processes: >= 2 } r && r.Spans.IsSupersetOf(["looped.recovery", "detect", "abort", "form", "connect", "copy", "first_step"]);
            }, () => $"{RecoveryOf(spans)}\n{spans[..Math.Min(2000, spans.Length)]}");
            Assert.Contains("looped-worker", resources, StringComparison.Ordinal);

            await look(page, RecoveryOf(spans)!.Id);
            ClusterRun.Kill(train, TinyRun.SigInt);
            await run.Ends(130, train);
        }
        finally
        {
            LoopedProcess stop = run.Start("dashboard", "--stop");
            await run.Ends(0, stop);
        }
        await run.Ends(0, dashboard);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_the_option_that_changes_it()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var run = new ClusterRun(undisturbed);
        LoopedProcess dashboard = run.Start("dashboard", "--otlp-port", $"{port}");
        await run.Ends(1, dashboard);
        Assert.Contains($"Port {port} of the dashboard is in use by another program; choose another with --otlp-port.", dashboard.Error, StringComparison.Ordinal);
    }

    private static async Task Save(Browser browser, string name)
    {
        if (Environment.GetEnvironmentVariable("LOOPED_PICTURES") is { } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, $"dashboard-{name}.png"), await browser.Picture(), TestContext.Current.CancellationToken);
    }

    private static string At(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>A trace: its id, the names of its spans, and how many processes they come from.</summary>
    private sealed record Trace(string Id, HashSet<string> Spans, int Processes)
    {
        public override string ToString() => $"trace {Id} of {Processes} processes: {string.Join(", ", Spans)}";
    }

    /// <summary>Of the traces with a recovery, the one of the most processes.</summary>
    private static Trace? RecoveryOf(string json)
    {
        var spans = new List<(string Trace, string Name, string Process)>();
        foreach (JsonNode? resource in JsonNode.Parse(json)!["data"]?["resourceSpans"]?.AsArray() ?? [])
        {
            string process = resource!["resource"]!["attributes"]!.AsArray().First(a => (string?)a!["key"] == "service.instance.id")!["value"]!.ToJsonString();
            foreach (JsonNode? scope in resource["scopeSpans"]!.AsArray())
                foreach (JsonNode? span in scope!["spans"]!.AsArray())
                    spans.Add(((string)span!["traceId"]!, (string)span["name"]!, process));
        }
        return spans.GroupBy(s => s.Trace).Where(t => t.Any(s => s.Name == "looped.recovery"))
            .Select(t => new Trace(t.Key, [.. t.Select(s => s.Name)], t.Select(s => s.Process).Distinct().Count())).MaxBy(t => t.Processes);
    }
}
