using Looped.Tests;

namespace Looped.Host.Tests.Dashboards;

/// <summary>Prometheus's own checker reads the configuration, the rules and every query of the dashboards.</summary>
public class PromtoolTests
{
    private static string Configured(string file) => Repository.File($"cluster-config/prometheus/{file}");

    private static async Task Passes(params string[] arguments)
    {
        string promtool = ProgramOnPath.Require("promtool", "prometheus");
        (int code, string output) = await ProgramOnPath.Run(promtool, arguments);
        Assert.True(code == 0, output);
    }

    [Fact]
    public Task The_configuration_is_valid() => Passes("check", "config", Configured("prometheus.yml"));

    [Fact]
    public Task Alerts_fire_when_they_should_and_only_then() => Passes("test", "rules", Configured("rules_test.yml"));

    [Fact]
    public async Task Every_query_of_a_dashboard_is_a_valid_expression()
    {
        using var folder = new TemporaryFolder();
        IEnumerable<string> rules = GrafanaBoard.All.SelectMany(b => b.Queries)
            .Select((q, i) => $"      - {{ record: 'query{i}', expr: '{GrafanaBoard.Substitute(q.Expression).Replace("'", "''", StringComparison.Ordinal)}' }}");
        string file = Path.Combine(folder.Root, "queries.yml");
        await File.WriteAllTextAsync(file, $"groups:\n  - name: dashboards\n    rules:\n{string.Join('\n', rules)}\n", TestContext.Current.CancellationToken);
        await Passes("check", "rules", file);
    }
}
