using Looped.Models.Evaluation;
using ScottPlot;

namespace Looped.Host.Plots;

/// <summary>The routers of one checkpoint.</summary>
/// <param name="Name">In title and legend.</param>
/// <param name="Routers">Ascending.</param>
internal sealed record RouterCurves(string Name, IReadOnlyList<RouterHistogram> Routers);

/// <summary>`eval-router.png`: routers' weights, as the per-token cascade and raw; of one checkpoint all routers, of several the last one of each.</summary>
internal static class RouterPlot
{
    /// <summary>Draws it.</summary>
    public static byte[] Render(IReadOnlyList<RouterCurves> checkpoints)
    {
        PlotFont.Install();
        (string Name, RouterHistogram Router)[] series = checkpoints is [RouterCurves only]
            ? [.. only.Routers.Select(r => ($"into repeat {r.Router + 1}", r))]
            : [.. checkpoints.Select(c => (c.Name, c.Routers[^1]))];
        double tallest = series.SelectMany(s => s.Router.Cascade.Shares.Concat(s.Router.Raw.Shares)).Max();
        using Plot cascade = Panel("cascaded weight (smallest so far)", [.. series.Select(s => (s.Name, s.Router.Cascade.Shares))], tallest);
        using Plot raw = Panel("raw weight", [.. series.Select(s => (s.Name, s.Router.Raw.Shares))], tallest);
        return checkpoints is [RouterCurves one]
            ? Figure.Row([cascade, raw], one.Name, "weights of each router, every token running every repeat")
            : Figure.Row([cascade, raw], $"{checkpoints.Count} checkpoints", "weights of the last router, every token running every repeat");
    }

    private static Plot Panel(string label, IReadOnlyList<(string Name, IReadOnlyList<double> Shares)> series, double tallest)
    {
        Plot plot = Histogram.Panel(label, 0, 1, tallest, "share of the tokens");
        foreach ((int n, (string name, IReadOnlyList<double> shares)) in series.Index()) Histogram.Add(plot, shares, 0, 1, PlotTheme.Curve(n), name);
        PlotTheme.ShowLegend(plot);
        return plot;
    }
}
