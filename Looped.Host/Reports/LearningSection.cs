using System.Globalization;
using Looped.Actors.Training;
using Looped.Host.Plots;

namespace Looped.Host.Reports;

/// <summary>Is it learning: loss, evaluations, learning rate, gradient norm.</summary>
internal static class LearningSection
{
    private const int MostPoints = 900;

    private static readonly Markup Smoothed = new Html().Raw(", smoothed</span><span class=\"c0\"><i class=\"faint\"></i>each step").Done;

    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        page.Line($"<section><h2>Learning</h2><div class=\"card wide\"><h3>Loss <small>nats per token</small></h3>{Legend(runs)}{Loss(runs)}</div><div class=\"pair\">");
        page.Line($"<div class=\"card\"><h3>Learning rate</h3>{Rate(runs)}</div>");
        page.Line($"<div class=\"card\"><h3>Gradient norm <small>before clipping</small></h3>{Norm(runs)}</div></div></section>");
    }

    private static Markup Legend(IReadOnlyList<ReportRun> runs)
    {
        var html = new Html().Raw("<p class=\"legend\">");
        bool smoothed = Smoothing.Reach(runs[0].Steps.Count) > 0;
        if (runs.Count == 1) html.Line($"<span class=\"c0\"><i class=\"strong\"></i>training{(smoothed ? Smoothed : default)}</span><span class=\"c1\"><i class=\"round\"></i>validation</span>");
        else foreach (ReportRun run in runs) html.Line($"<span class=\"{run.Colour}\"><i class=\"strong\"></i>{run.Name}</span>");
        return html.Raw("</p>").Done;
    }

    private static Markup Loss(IReadOnlyList<ReportRun> runs)
    {
        (double X, double Y)[][] raw = [.. runs.Select(r => Points(r, s => s.Loss))];
        (double X, double Y)[][] smooth = [.. raw.Select(Smooth)];
        double? unigram = runs.Select(r => r.Records.Summary?.UnigramPerplexity).FirstOrDefault(p => p is not null);
        // A single spike must not press the whole curve flat, so the outermost hundredths of the raw values may leave the picture.
        IEnumerable<double> seen = [.. smooth.SelectMany(s => s).Select(p => p.Y), .. raw.SelectMany(Middle), .. runs.SelectMany(r => r.Records.Evaluations).Select(e => e.Loss),
            .. unigram is { } u ? [Math.Log(u)] : Array.Empty<double>()];
        var chart = new Chart(Across(runs), Axis.Around(seen)) { Height = 320, YTicks = 6 };
        if (unigram is { } p) chart.Level(Math.Log(p), "muted", "a model without context");
        for (int i = 0; i < runs.Count; i++)
        {
            chart.Line(Thinning.Extremes(raw[i], MostPoints), $"{runs[i].Colour} faint").Line(Thinning.Evenly(smooth[i], MostPoints), $"{runs[i].Colour} strong");
            if (runs.Count == 1) chart.Line(runs[i].Records.Evaluations.Select(e => ((double)e.Step, e.Loss)), "c1 dashed");
        }
        if (runs.Count == 1) chart.Hover(Thinning.Evenly(runs[0].Steps, MostPoints).Select(s => ((double)s.Step, Describe(s))));
        foreach (ReportRun run in runs)
            foreach (EvaluationReport e in run.Records.Evaluations)
                chart.Dot(e.Step, e.Loss, runs.Count == 1 ? "c1" : run.Colour, $"{Prefix(runs, run)}step {e.Step:N0}: validation loss {e.Loss:0.0000}, perplexity {e.Perplexity:0.00}{(e.Full ? ", whole set" : "")}");
        return chart.Render();
    }

    private static Markup Rate(IReadOnlyList<ReportRun> runs)
    {
        var chart = new Chart(Across(runs), Axis.Around(runs.SelectMany(r => r.Steps).Select(s => s.LearningRate), fromZero: true));
        foreach (ReportRun run in runs) chart.Line(Thinning.Evenly(Points(run, s => s.LearningRate), MostPoints), $"{run.Colour} line");
        double[] rates = [.. runs.SelectMany(r => r.Steps).Select(s => s.LearningRate).Where(double.IsFinite)];
        string said = rates.Length == 0 ? "not known" : $"highest {Axis.Label(rates.Max())}{(runs.Count == 1 ? $", last {Axis.Label(rates[^1])}" : "")}";
        return new Html().Line($"{chart.Render()}<p class=\"note\">{said}</p>").Done;
    }

    private static Markup Norm(IReadOnlyList<ReportRun> runs)
    {
        double[] norms = [.. runs.SelectMany(r => r.Steps).Select(s => s.GradientNorm).Where(n => double.IsFinite(n) && n > 0)];
        bool logarithmic = norms.Length > 0 && norms.Max() > 20 * norms.Order().ElementAt(norms.Length / 2);
        var chart = new Chart(Across(runs), Axis.Around(norms, logarithmic: logarithmic, fromZero: !logarithmic));
        int marked = 0, skipped = 0;
        foreach (ReportRun run in runs)
        {
            chart.Line(Thinning.Extremes(Points(run, s => s.GradientNorm), MostPoints), $"{run.Colour} line");
            foreach (StepReport s in Spikes.Of(run.Steps))
            {
                marked++;
                chart.Dot(s.Step, s.GradientNorm, "bad", $"{Prefix(runs, run)}step {s.Step:N0}: norm {Axis.Label(s.GradientNorm)}, far above its neighbours");
            }
            foreach (StepReport s in run.Steps.Where(s => s.Skipped))
            {
                skipped++;
                chart.Guide(s.Step, "bad", $"{Prefix(runs, run)}step {s.Step:N0}: skipped, a gradient was not acceptable");
            }
        }
        string said = marked + skipped == 0 ? "no spikes and no skipped steps"
            : $"{marked} spike{(marked == 1 ? "" : "s")} (more than {Spikes.Factor} times the steps before and after), {skipped} skipped step{(skipped == 1 ? "" : "s")}";
        return new Html().Line($"{chart.Render()}<p class=\"note\">{said}</p>").Done;
    }

    /// <summary>Which run a text is about, where there are several.</summary>
    public static string Prefix(IReadOnlyList<ReportRun> runs, ReportRun run) => runs.Count == 1 ? "" : $"{run.Name}, ";

    /// <summary>The horizontal axis of all charts by step.</summary>
    public static Axis Across(IReadOnlyList<ReportRun> runs)
    {
        double last = runs.Max(r => r.Steps.Count > 0 ? r.Steps[^1].Step : r.Records.Evaluations.Count > 0 ? r.Records.Evaluations[^1].Step : 1);
        return new Axis(-0.012 * last, 1.016 * Math.Max(1, last));
    }

    /// <summary>A value of each step.</summary>
    public static (double X, double Y)[] Points(ReportRun run, Func<StepReport, double> value) => [.. run.Steps.Select(s => ((double)s.Step, value(s)))];

    /// <summary>The trend.</summary>
    public static (double X, double Y)[] Smooth((double X, double Y)[] points) =>
        [.. points.Zip(Smoothing.Symmetric([.. points.Select(p => p.Y)], Smoothing.Reach(points.Length)), (p, y) => (p.X, y))];

    /// <summary>The range of the values without the outermost hundredths.</summary>
    public static IEnumerable<double> Middle((double X, double Y)[] points)
    {
        double[] sorted = [.. points.Select(p => p.Y).Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? [] : [sorted[sorted.Length / 100], sorted[^(1 + sorted.Length / 100)]];
    }

    private static string Describe(StepReport s)
    {
        (string Name, double Value)[] parts = [("learning rate", s.LearningRate), ("gradient norm", s.GradientNorm), ("tokens/s", s.TokensPerSecond)];
        return string.Join(", ", [string.Create(CultureInfo.InvariantCulture, $"step {s.Step:N0}: loss {s.Loss:0.0000}"), .. parts.Where(p => double.IsFinite(p.Value)).Select(p => $"{p.Name} {Axis.Label(p.Value)}")]);
    }
}
