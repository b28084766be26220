using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Models;
using Looped.Models.Data.Tasks;
using Looped.Models.Evaluation;
using Looped.Models.Families.Stars;
using Looped.Models.Recipes;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>Exact match of sums against the number of loops, of one or several checkpoints.</summary>
internal static class AdditionSuite
{
    private const int DeepestLoops = 100, UsualProblems = 100;

    /// <summary>Measures, prints, and writes `eval-addition.json` and `.png` and a table for each checkpoint.</summary>
    /// <exception cref="UsageException">A checkpoint is not of the addition task.</exception>
    public static void Run(EvalRequest request)
    {
        var curves = new List<AdditionCurve>();
        var facts = new List<JsonObject>();
        var tables = new List<(string Name, string Text)>();
        foreach (string checkpoint in request.Checkpoints)
        {
            using EvaluatedModel opened = EvaluatedModel.Open(request, checkpoint);
            AdditionDataset task = opened.Dataset as AdditionDataset ?? throw new UsageException(
                $"{opened.Path} is not of the addition task; give a run of such a recipe (`looped recipe show addition`), or name sums by --set data.source=addition.");
            curves.Add(Measure(opened, task, request));
            facts.Add(opened.Facts());
            tables.Add((opened.Recipe.Model is StarsConfig stars ? $"acc_vs_loops_{stars.ReferenceName()}.csv" : $"acc_vs_loops_{opened.Recipe.Model.Family}.csv", Csv(curves[^1])));
        }
        var json = new JsonObject { ["checkpoints"] = new JsonArray([.. facts.Zip(curves, Json)]) };
        EvaluationFiles files = EvaluationFiles.Write("addition", request, [.. facts.Select(f => (string)f["checkpoint"]!)], json, AdditionPlot.Render(curves));
        // Several may have one configuration: their runs tell them apart.
        foreach (((string name, string text), AdditionCurve curve) in tables.Zip(curves))
            files = files.Add(curves.Count == 1 ? name : $"{curve.Run}_{name}", text);
        if (request.Json) Terminal.Out.WriteJson(json);
        else Print(curves, files);
    }

    private static AdditionCurve Measure(EvaluatedModel opened, AdditionDataset task, EvalRequest request)
    {
        int deepest = request.Loops ?? DeepestLoops, trained = opened.Model.Loops ?? 1;
        AdditionProblem[] asked = [.. task.Test.Take(request.Problems ?? UsualProblems)];
        return EvaluatedModel.Watch(opened.Name, deepest, progress =>
        {
            var scores = new List<AdditionScore>();
            for (int loops = 1; loops <= deepest; loops++)
            {
                scores.Add(AdditionAccuracy.Measure(opened.Model, asked, loops));
                progress?.Invoke(loops);
            }
            return new AdditionCurve(opened.Recipe.Name, RecipeIdentity.Of(opened.Recipe with { Seed = 0 }), opened.RunName, trained, scores, AdditionAccuracy.Measure(opened.Model, task.Test, trained));
        });
    }

    private static void Print(IReadOnlyList<AdditionCurve> curves, EvaluationFiles files)
    {
        static string N(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
        Table table = new Table().AddColumns("run", "loops in the recipe", "exact match there, all test sums", "best", "at 1 loop", "deepest", "least from the recipe's loops on");
        foreach (AdditionCurve c in curves)
        {
            AdditionScore best = c.Scores.MaxBy(s => s.Accuracy)!, last = c.Scores[^1];
            table.AddRow(Markup.Escape(c.Run), $"{c.Trained}", $"{N(c.AtTrained.Accuracy)} ({c.AtTrained.Correct:N0} of {c.AtTrained.Total:N0})", $"{N(best.Accuracy)} at {best.Loops}",
                N(c.Scores[0].Accuracy), $"{N(last.Accuracy)} at {last.Loops}", c.Scores.Where(s => s.Loops >= c.Trained).Select(s => s.Accuracy).ToArray() is { Length: > 0 } deep ? N(deep.Min()) : "–");
        }
        Terminal.Out.Console.Write(table);
        files.Print();
    }

    private static string Csv(AdditionCurve curve)
    {
        var text = new StringBuilder("Loop_Count,Accuracy\n");
        foreach (AdditionScore score in curve.Scores) text.Append(CultureInfo.InvariantCulture, $"{score.Loops},{score.Accuracy}\n");
        return text.ToString();
    }

    private static JsonObject Json(JsonObject facts, AdditionCurve curve)
    {
        facts["trained"] = Json(curve.AtTrained);
        facts["scores"] = new JsonArray([.. curve.Scores.Select(Json)]);
        return facts;
    }

    private static JsonObject Json(AdditionScore score) => new() { ["loops"] = score.Loops, ["correct"] = score.Correct, ["total"] = score.Total, ["accuracy"] = score.Accuracy };
}
