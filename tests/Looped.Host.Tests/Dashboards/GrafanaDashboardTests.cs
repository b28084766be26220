using System.Text.Json.Nodes;

namespace Looped.Host.Tests.Dashboards;

/// <summary>What a dashboard is made of. That its queries return data is shown by <see cref="PrometheusSystemTests"/>.</summary>
public class GrafanaDashboardTests
{
    public static TheoryData<string> Names => [.. GrafanaBoard.All.Select(b => b.Name)];

    private static GrafanaBoard Board(string name) => GrafanaBoard.All.Single(b => b.Name == name);

    [Fact]
    public void There_is_a_dashboard_for_training_one_for_the_cluster_and_one_for_the_machines() =>
        Assert.Equal(["cluster", "hardware", "training"], GrafanaBoard.All.Select(b => b.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_dashboard_can_be_provisioned_anywhere(string name)
    {
        JsonObject json = Board(name).Json;
        Assert.Equal($"looped-{name}", (string?)json["uid"]);
        Assert.Null(json["id"]);
        JsonArray variables = json["templating"]!["list"]!.AsArray();
        Assert.Equal(["datasource", "run"], variables.Select(v => (string?)v!["name"]));
        Assert.Equal(".*", (string?)variables[1]!["allValue"]);
        Assert.Equal("label_values(looped_train_steps_total, run)", (string?)variables[1]!["definition"]);
        Assert.All(Board(name).Panels.SelectMany(p => p["targets"]!.AsArray()), t => Assert.Equal("${datasource}", (string?)t!["datasource"]!["uid"]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Panels_fit_say_what_they_show_and_have_units(string name)
    {
        JsonObject[] panels = [.. Board(name).Panels];
        Assert.InRange(panels.Length, 4, 12);
        Assert.Equal(panels.Length, panels.Select(p => (int)p["id"]!).Distinct().Count());
        Assert.All(panels, p => Assert.NotEmpty((string?)p["description"] ?? ""));
        Assert.All(panels, p => Assert.NotEmpty((string?)p["fieldConfig"]!["defaults"]!["unit"] ?? ""));
        Assert.Equal(["stat", "stat", "stat", "stat"], panels.Take(4).Select(p => (string?)p["type"]));
        // No two panels overlap on the grid of 24 columns.
        var cells = new HashSet<(int, int)>();
        foreach (JsonNode grid in panels.Select(p => p["gridPos"]!))
            for (int x = (int)grid["x"]!; x < (int)grid["x"]! + (int)grid["w"]!; x++)
            {
                Assert.InRange(x, 0, 23);
                for (int y = (int)grid["y"]!; y < (int)grid["y"]! + (int)grid["h"]!; y++) Assert.True(cells.Add((x, y)));
            }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_query_is_limited_to_the_chosen_runs_and_every_rate_follows_the_width_of_the_screen(string name) =>
        Assert.All(Board(name).Queries, query =>
        {
            Assert.InRange(GrafanaBoard.Metrics(query.Expression).Count(), 1, query.Expression.Split("run=~\"$run\"").Length - 1);
            Assert.DoesNotMatch(@"\[\d", query.Expression);
        });
}
