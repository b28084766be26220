using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.Tests.Clustering;
using Looped.Host.Tests.Telemetry;
using Looped.Host.Tests.Training;
using Looped.Tests;

namespace Looped.Host.Tests.Dashboards;

/// <summary>A real Prometheus scrapes a run of two workers that loses one, and every query of every dashboard has an answer.</summary>
[Collection(nameof(ClusterProcesses))]
public class PrometheusSystemTests(UndisturbedRun undisturbed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Needs a GPU.</summary>
    private static readonly string[] WithoutData = ["GPU utilization", "GPU memory", "GPU power", "GPU temperature"];

    [Fact]
    public async Task Every_query_of_the_dashboards_returns_data()
    {
        string prometheus = ProgramOnPath.Require("prometheus", "prometheus");
        int port = Ports.Free(4);
        using var run = new ClusterRun(undisturbed);
        using var folder = new TemporaryFolder();
        LoopedProcess train = run.Train("--workers", "2", "--set", "training.steps=20000", "--set", $"telemetry.prometheus_port={port}");
        await run.WaitForStep(2);
        using Process server = Serve(prometheus, port + 3, folder.Root, Path.GetDirectoryName(run.Run.Root)!);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port + 3}/")) };
            // A change of generation can be seen only by who saw the one before.
            await Eventually.Holds(Patience, async () => (await Query(client, "looped_cluster_generation > 0 and looped_cluster_world_size == 2")).Count > 0, () => "no generation of two");
            using (Process victim = Process.GetProcessById(ElasticRunTests.WorkersOf(train)[1])) victim.Kill();

            List<(string Board, string Panel, string Expression)> missing =
                [.. GrafanaBoard.All.SelectMany(b => b.Queries.Where(q => !WithoutData.Contains(q.Panel)).Select(q => (b.Name, q.Panel, GrafanaBoard.Substitute(q.Expression))))];
            await Eventually.Holds(Patience, async () =>
            {
                List<(string, string, string)> still = [];
                foreach ((string board, string panel, string expression) in missing)
                    if ((await Query(client, expression)).Count == 0) still.Add((board, panel, expression));
                missing = still;
                return missing.Count == 0;
            }, () => string.Join('\n', missing));
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        ClusterRun.Kill(train, TinyRun.SigInt);
        await run.Ends(130, train);
    }

    private static Process Serve(string prometheus, int port, string folder, string targets)
    {
        string configuration = Path.Combine(folder, "prometheus.yml");
        // The shipped one, with other paths and a shorter interval.
        File.WriteAllText(configuration, File.ReadAllText(Repository.File("cluster-config/prometheus/prometheus.yml"))
            .Replace("../../runs/", targets + "/", StringComparison.Ordinal).Replace("5s", "1s", StringComparison.Ordinal)
            .Replace("rules.yml", Repository.File("cluster-config/prometheus/rules.yml"), StringComparison.Ordinal));
        return Process.Start(new ProcessStartInfo(prometheus,
        [
            $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), "--log.level=error",
        ]))!;
    }

    private static async Task<JsonArray> Query(HttpClient client, string expression)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri($"api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative), TestContext.Current.CancellationToken);
            // What Prometheus says while it reads its own storage, before it is ready.
            if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable) return [];
            JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.True((string?)answer["status"] == "success", $"{expression}: {answer["error"]}");
            return answer["data"]!["result"]!.AsArray();
        }
        catch (HttpRequestException)
        {
            return []; // not up yet
        }
    }
}
