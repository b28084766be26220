using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Models.Evaluation;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>Perplexity against computation, by router threshold and by fixed depth, and which points no other one beats.</summary>
internal static class ComputeSuite
{
    /// <summary>Measures, prints, and writes `eval-compute.json` and `.png`.</summary>
    public static void Run(EvalRequest request)
    {
        var curves = new List<ComputeCurve>();
        var facts = new List<JsonObject>();
        foreach (string checkpoint in request.Checkpoints)
        {
            using EvaluatedModel opened = EvaluatedModel.Open(request, checkpoint);
            curves.Add(new(opened.Name, EvaluatedModel.Watch(opened.Name, 1, progress =>
                ComputeSweep.Measure(opened.Model, opened.SequenceLength, opened.Validation, opened.Training, request.Loops, progress))));
            facts.Add(opened.Facts());
        }
        HashSet<ComputePoint> frontier = [.. ComputePlot.Frontier([.. curves.SelectMany(c => c.Points)])];
        var json = new JsonObject { ["checkpoints"] = new JsonArray([.. facts.Zip(curves, (f, c) => Json(f, c, frontier))]) };
        EvaluationFiles files = EvaluationFiles.Write("compute", request, [.. facts.Select(f => (string)f["checkpoint"]!)], json, ComputePlot.Render(curves));
        if (request.Json) Terminal.Out.WriteJson(json);
        else Print(curves, frontier, files);
    }

    private static void Print(IReadOnlyList<ComputeCurve> curves, HashSet<ComputePoint> frontier, EvaluationFiles files)
    {
        static string N(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        foreach (ComputeCurve curve in curves)
        {
            Table table = new Table().Title(Markup.Escape(curve.Name))
                .AddColumns("depth chosen by", "shares that enter repeats 2 …", "MACs per token", "perplexity", "95 %", "accuracy", "Pareto");
            foreach (ComputePoint p in curve.Points)
            {
                string factors = p.LengthFactors is { } f ? string.Join("  ", f.Select(share => N(share, "0.00"))) : "";
                table.AddRow(p.Choice == DepthChoice.FixedDepth ? $"fixed depth {N(p.Value, "0")}" : $"threshold {N(p.Value, "0.00")}", factors,
                    Quantity.Count(p.MacsPerToken), N(p.Quality.Perplexity, "0.000"),
                    $"{N(p.Quality.Interval.Low, "0.000")} … {N(p.Quality.Interval.High, "0.000")}", N(p.Quality.Accuracy, "0.0000"), frontier.Contains(p) ? "yes" : "");
            }
            Terminal.Out.Console.Write(table);
        }
        files.Print();
    }

    private static JsonObject Json(JsonObject facts, ComputeCurve curve, HashSet<ComputePoint> frontier)
    {
        facts["points"] = new JsonArray([.. curve.Points.Select(p => EvalJson.Add(new JsonObject
        {
            ["choice"] = p.Choice == DepthChoice.FixedDepth ? "fixed_depth" : "router_threshold",
            ["value"] = p.Value,
            ["length_factors"] = p.LengthFactors is { } factors ? new JsonArray([.. factors.Select(f => JsonValue.Create(f))]) : null,
            ["macs_per_token"] = p.MacsPerToken,
            ["pareto"] = frontier.Contains(p),
        }, p.Quality))]);
        return facts;
    }
}
