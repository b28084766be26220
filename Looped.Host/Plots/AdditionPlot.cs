using System.Globalization;
using Looped.Models.Evaluation;
using ScottPlot;

namespace Looped.Host.Plots;

/// <summary>Exact match of one checkpoint by the number of loops.</summary>
/// <param name="Recipe">The name of its recipe.</param>
/// <param name="Identity">Checkpoints of one recipe but for its seed share a colour.</param>
/// <param name="Run">The name of its run.</param>
/// <param name="Trained">Loops of its recipe.</param>
/// <param name="Scores">Ascending loops.</param>
/// <param name="AtTrained">At the loops of its recipe, over all test sums.</param>
internal sealed record AdditionCurve(string Recipe, string Identity, string Run, int Trained, IReadOnlyList<AdditionScore> Scores, AdditionScore AtTrained);

/// <summary>`eval-addition.png`: exact match against the number of loops; several checkpoints of a recipe as thin lines under their mean.</summary>
internal static class AdditionPlot
{
    /// <summary>Draws it.</summary>
    public static byte[] Render(IReadOnlyList<AdditionCurve> curves)
    {
        PlotFont.Install();
        using var plot = new Plot();
        PlotTheme.Apply(plot);
        AdditionCurve[][] recipes = [.. curves.GroupBy(c => c.Identity).Select(g => g.ToArray())];
        bool named = recipes.DistinctBy(r => r[0].Recipe).Count() == recipes.Length;
        foreach ((int n, AdditionCurve[] recipe) in recipes.Index()) Add(plot, named ? recipe[0].Recipe : recipe[0].Run, recipe, PlotTheme.Curve(n));
        int deepest = curves.Max(c => c.Scores[^1].Loops);
        foreach (int trained in curves.Select(c => c.Trained).Distinct().Where(loops => loops <= deepest))
        {
            var line = plot.Add.VerticalLine(trained, 1, PlotTheme.Muted, LinePattern.Dotted);
            line.LegendText = curves.Select(c => c.Trained).Distinct().Count() == 1 ? $"the recipe's {trained} loops" : "";
        }
        plot.Axes.SetLimits(0, 1, -0.03, 1.25); // room for the legend
        PlotTheme.Loops(plot, deepest);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"]);
        (plot.Axes.Left.Label.Text, plot.Axes.Bottom.Label.Text) = ("sums with every digit right", "loops at test time");
        PlotTheme.ShowLegend(plot).Orientation = Orientation.Horizontal;
        plot.Layout.Fixed(new PixelPadding(Figure.LeftMargin, 20, 46, 14));
        return Figure.Row([plot], curves is [AdditionCurve only] ? only.Run : $"{curves.Count} checkpoints", Caption(curves), height: 440);
    }

    private static void Add(Plot plot, string name, AdditionCurve[] curves, Color colour)
    {
        double[] loops = [.. curves[0].Scores.Select(s => (double)s.Loops)];
        foreach (AdditionCurve curve in curves)
        {
            var thin = plot.Add.Scatter(loops, curve.Scores.Select(s => s.Accuracy).ToArray(), colour.WithAlpha(curves.Length == 1 ? 1 : 0.35));
            (thin.LineWidth, thin.MarkerSize) = (curves.Length == 1 ? 2 : 1, curves.Length == 1 ? 4 : 0);
            if (curves.Length == 1) thin.LegendText = name;
        }
        if (curves.Length == 1) return;
        var mean = plot.Add.ScatterLine(loops, loops.Select((_, i) => curves.Average(c => c.Scores[i].Accuracy)).ToArray(), colour);
        (mean.LineWidth, mean.LegendText) = (2.4f, $"{name} (mean of {curves.Length})");
    }

    private static string Caption(IReadOnlyList<AdditionCurve> curves)
    {
        string asked = $"{curves[0].Scores[0].Total.ToString("N0", CultureInfo.InvariantCulture)} sums that were not trained on, answered greedily";
        return curves is [AdditionCurve only]
            ? string.Create(CultureInfo.InvariantCulture, $"{100 * only.AtTrained.Accuracy:0.0} % of {only.AtTrained.Total:N0} sums at the recipe's {only.Trained} loops  ·  curve: {asked}")
            : asked;
    }
}
