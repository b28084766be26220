using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Models.Evaluation;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>Perplexity and accuracy on the validation set with their uncertainty; also what `looped eval` without a suite prints.</summary>
internal static class PerplexitySuite
{
    /// <summary>Measures, prints, and with <paramref name="files"/> writes `eval-perplexity.json` and `.png`.</summary>
    public static void Run(EvalRequest request, bool files)
    {
        using EvaluatedModel opened = EvaluatedModel.Open(request, request.Only());
        var losses = new List<double>();
        PerplexityResult result = EvaluatedModel.Watch("evaluating", opened.Sequences, progress =>
            Perplexity.Measure(opened.Model, opened.Validation, request.Loops, progress is null ? null : done => progress(done), sequenceLoss: losses.Add));
        double unigram = opened.Dataset.UnigramPerplexity();
        JsonObject json = Json(opened, result, request.Loops, unigram);
        EvaluationFiles? written = files
            ? EvaluationFiles.Write("perplexity", request, [opened.Path], json, PerplexityPlot.Render(opened.Name, result, losses, unigram))
            : null;
        if (request.Json) Terminal.Out.WriteJson(json);
        else Print(opened, result, request.Loops, unigram, written);
    }

    private static void Print(EvaluatedModel opened, PerplexityResult result, int? loops, double unigram, EvaluationFiles? written)
    {
        static string N(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new Table().AddColumns("measure", "value");
        table.AddRow("checkpoint", Markup.Escape(opened.Path));
        table.AddRow("repeats", loops?.ToString(CultureInfo.InvariantCulture) ?? "as trained");
        table.AddRow("validation", string.Create(CultureInfo.InvariantCulture, $"{result.Tokens:N0} tokens in {result.Sequences:N0} sequences"));
        table.AddRow("perplexity", $"{N(result.Perplexity, "0.000")}  (95 %: {N(result.Interval.Low, "0.000")} … {N(result.Interval.High, "0.000")})");
        table.AddRow("loss", $"{N(result.Loss, "0.0000")} ± {N(result.StandardError, "0.0000")} nats per token (standard error)");
        table.AddRow("accuracy", N(result.Accuracy, "0.0000"));
        table.AddRow("unigram perplexity", N(unigram, "0.000"));
        Terminal.Out.Console.Write(table);
        written?.Print();
    }

    private static JsonObject Json(EvaluatedModel opened, PerplexityResult result, int? loops, double unigram)
    {
        JsonObject json = opened.Facts();
        json["loops"] = loops;
        EvalJson.Add(json, result);
        json["unigram_perplexity"] = EvalJson.Number(unigram);
        return json;
    }
}
