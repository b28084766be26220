using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Models;
using Looped.Models.Evaluation;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>The routers' weights, raw and as the per-token cascade, of one or several checkpoints.</summary>
internal static class RouterSuite
{
    /// <summary>Measures, prints, and writes `eval-router.json` and `.png`.</summary>
    /// <exception cref="UsageException">A checkpoint has no routers, or a number of loops is asked for.</exception>
    public static void Run(EvalRequest request)
    {
        if (request.Loops is not null) throw new UsageException("--loops does not go with --suite router: routers are asked while every token runs every repeat.");
        var curves = new List<RouterCurves>();
        var facts = new List<JsonObject>();
        foreach (string checkpoint in request.Checkpoints)
        {
            using EvaluatedModel opened = EvaluatedModel.Open(request, checkpoint);
            curves.Add(new(opened.Name, EvaluatedModel.Watch(opened.Name, opened.Sequences, progress =>
                RouterHistograms.Measure(opened.Model, opened.Training, progress is null ? null : done => progress(done)))));
            facts.Add(opened.Facts());
        }
        var json = new JsonObject { ["checkpoints"] = new JsonArray([.. facts.Zip(curves, Json)]) };
        EvaluationFiles files = EvaluationFiles.Write("router", request, [.. facts.Select(f => (string)f["checkpoint"]!)], json, RouterPlot.Render(curves));
        if (request.Json) Terminal.Out.WriteJson(json);
        else Print(curves, files);
    }

    private static void Print(IReadOnlyList<RouterCurves> curves, EvaluationFiles files)
    {
        static string N(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
        foreach (RouterCurves curve in curves)
        {
            Table table = new Table().Title(Markup.Escape(curve.Name)).AddColumns("router", "weights", "mean", "95 %", "median", "below 0.01");
            foreach (RouterHistogram router in curve.Routers)
                foreach ((string kind, WeightSpread spread) in (ReadOnlySpan<(string, WeightSpread)>)[("raw", router.Raw), ("cascade", router.Cascade)])
                    table.AddRow($"into repeat {router.Router + 1}", kind, N(spread.Mean), $"{N(spread.Interval.Low)} … {N(spread.Interval.High)}", N(spread.Median), N(spread.Closed));
            Terminal.Out.Console.Write(table);
        }
        files.Print();
    }

    private static JsonNode Json(JsonObject facts, RouterCurves curve)
    {
        facts["routers"] = new JsonArray([.. curve.Routers.Select(r => new JsonObject { ["router"] = r.Router, ["raw"] = Json(r.Raw), ["cascade"] = Json(r.Cascade) })]);
        return facts;
    }

    private static JsonObject Json(WeightSpread spread) => new()
    {
        ["mean"] = EvalJson.Number(spread.Mean),
        ["standard_error"] = EvalJson.Number(spread.StandardError),
        ["mean_low"] = EvalJson.Number(spread.Interval.Low),
        ["mean_high"] = EvalJson.Number(spread.Interval.High),
        ["median"] = EvalJson.Number(spread.Median),
        ["share_below_0.01"] = spread.Closed,
        ["histogram"] = new JsonArray([.. spread.Shares.Select(s => JsonValue.Create(s))]),
    };
}
