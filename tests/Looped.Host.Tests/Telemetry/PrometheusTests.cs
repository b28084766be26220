using System.Diagnostics;
using System.Text.Json.Nodes;
using Looped.Actors.Telemetry;
using Looped.Host.Tests.Clustering;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Telemetry;

/// <summary>A seed and two workers as Prometheus sees them, one of the workers killed on the way.</summary>
[Collection(nameof(ClusterProcesses))]
public class PrometheusTests(UndisturbedRun undisturbed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What this run has no occasion for.</summary>
    private static readonly string[] Absent =
    [
        "looped.train.mfu", "looped.train.regulariser", "looped.model.router.load", "looped.cluster.drain.duration",
        .. LoopedMetrics.All.Select(d => d.Name).Where(n => n.StartsWith("hw.", StringComparison.Ordinal)),
    ];

    [Fact]
    public async Task Targets_name_every_process_and_their_text_has_every_metric_of_the_reference()
    {
        int port = Ports.Free(3);
        using var run = new ClusterRun(undisturbed);
        LoopedProcess train = run.Train("--workers", "2", "--set", "training.steps=20000", "--set", $"telemetry.prometheus_port={port}");
        string file = Path.Combine(Path.GetDirectoryName(run.Run.Root)!, $"targets-{run.Run.Name}.json");
        string[] targets = [$"127.0.0.1:{port}", $"127.0.0.1:{port + 1}", $"127.0.0.1:{port + 2}"];
        await Eventually.Holds(Patience, () => Task.FromResult(Targets(file).SequenceEqual(targets)), () => $"{file}: {string.Join(", ", Targets(file))}");
        await run.WaitForStep(3);

        using var client = new HttpClient();
        Dictionary<string, string> first = [];
        foreach (string target in targets) first[target] = await client.GetStringAsync(new Uri($"http://{target}/metrics"), TestContext.Current.CancellationToken);
        Assert.All(first.Values, text => Assert.Contains("looped_run_id=", text, StringComparison.Ordinal));
        Assert.All(first.Values, text => Assert.Contains("dotnet_", text, StringComparison.Ordinal));

        int killed = ElasticRunTests.WorkersOf(train)[1];
        using (Process victim = Process.GetProcessById(killed)) victim.Kill();
        HashSet<string> missing = [];
        await Eventually.Holds(Patience, async () =>
        {
            var text = new System.Text.StringBuilder();
            foreach (string target in Targets(file).ToArray())
                text.Append(await Read(client, target));
            missing = [.. LoopedMetrics.All.Where(d => !Absent.Contains(d.Name)).Select(d => d.PrometheusName).Where(name => !Has(text.ToString(), name))];
            return missing.Count == 0;
        }, () => $"missing: {string.Join(", ", missing)}");
        await Eventually.Holds(Patience, () => Task.FromResult(Targets(file).Count() == 2), () => string.Join(", ", Targets(file)));

        ClusterRun.Kill(train, TinyRun.SigInt);
        await run.Ends(130, train);
        Assert.False(File.Exists(file));
    }

    private static bool Has(string text, string name) =>
        text.Contains($"\n{name}{{", StringComparison.Ordinal) || text.Contains($"\n{name} ", StringComparison.Ordinal) || text.Contains($"\n{name}_bucket{{", StringComparison.Ordinal);

    private static async Task<string> Read(HttpClient client, string target)
    {
        try
        {
            return await client.GetStringAsync(new Uri($"http://{target}/metrics"), TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            return ""; // the killed one, until its target vanishes
        }
    }

    private static IEnumerable<string> Targets(string file) =>
        File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsArray().Select(t => (string)t!["targets"]![0]!).Order(StringComparer.Ordinal) : [];
}
