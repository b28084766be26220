using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Plots;
using Looped.Models;
using Looped.Models.Evaluation;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>The loop as a dynamical system: where a prompt's states go, how long their steps are, whether small errors shrink.</summary>
internal static class DynamicsSuite
{
    private const int UsualLoops = 100, PromptTokens = 16;

    /// <summary>Measures, prints, and writes `eval-dynamics.json` and `.png` and three tables.</summary>
    /// <exception cref="UsageException">The model's loop is of another kind, or less than two loops are asked for.</exception>
    public static void Run(EvalRequest request)
    {
        string only = request.Only("Dynamics are", "--suite addition or compute");
        if (request.Loops is 1) throw new UsageException("--loops is 1; a trajectory takes at least 2.");
        using EvaluatedModel opened = EvaluatedModel.Open(request, only);
        int[] prompt = opened.Dataset.Prompt(Math.Min(PromptTokens, opened.SequenceLength));
        string[] tokens = [.. prompt.Select(id => opened.Dataset.Tokenizer.Decode([id]))];
        LoopDynamics dynamics = EvaluatedModel.Watch(opened.Name, 1, progress => LoopDynamics.Measure(opened.Model, prompt, request.Loops ?? UsualLoops, progress));

        JsonObject json = Json(opened.Facts(), dynamics, tokens);
        EvaluationFiles files = EvaluationFiles.Write("dynamics", request, [opened.Path], json, DynamicsPlot.Render(opened.RunName, string.Concat(tokens), tokens, dynamics))
            .Add("dynamics_trajectory.csv", Trajectory(dynamics))
            .Add("dynamics_states.csv", States(dynamics, tokens))
            .Add("dynamics_spectrum.csv", Spectrum(dynamics));
        if (request.Json) Terminal.Out.WriteJson(json);
        else Print(dynamics, files);
    }

    private static void Print(LoopDynamics dynamics, EvaluationFiles files)
    {
        static string N(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "too large";
        Table table = new Table().AddColumns("after loop", "longest step of a token", "spectral radius", "its estimate", "largest singular value");
        foreach (LoopStability s in dynamics.Spectra)
            table.AddRow($"{s.Loop}", dynamics.Steps[s.Loop - 1].Max().ToString("0.00e+0", CultureInfo.InvariantCulture), N(s.Exact?.SpectralRadius),
                N(s.Estimate) + (s.Settled ? "" : " (not settled)"), N(s.Exact?.LargestSingularValue));
        Terminal.Out.Console.Write(table);
        files.Print();
    }

    private static string Trajectory(LoopDynamics d) => Csv("Loop,PC1,PC2", d.Trajectory.Select((p, i) => $"{(i < d.Loops ? i + 1 : "coda")},{Number(p.First)},{Number(p.Second)}"));

    private static string States(LoopDynamics d, string[] tokens) => Csv("Loop,Position,Token,Norm,Distance_To_First,Distance_To_Previous",
        from loop in Enumerable.Range(0, d.Loops)
        from t in Enumerable.Range(0, tokens.Length)
        select $"{loop + 1},{t},\"{tokens[t].Replace("\"", "\"\"", StringComparison.Ordinal)}\",{Number(d.Norms[loop][t])},{Number(d.ToFirst[loop][t])},{Number(d.Steps[loop][t])}");

    private static string Spectrum(LoopDynamics d) => Csv("Loop,Spectral_Radius,Power_Estimate,Settled,Largest_Singular_Value,Frobenius",
        d.Spectra.Select(s => $"{s.Loop},{Number(s.Exact?.SpectralRadius)},{Number(s.Estimate)},{(s.Settled ? "true" : "false")},{Number(s.Exact?.LargestSingularValue)},{Number(s.Exact is { } e ? Math.Sqrt(e.SquaredFrobenius) : null)}"));

    private static string Csv(string header, IEnumerable<string> lines) => lines.Aggregate(new StringBuilder(header).Append('\n'), (text, line) => text.Append(line).Append('\n')).ToString();

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static JsonObject Json(JsonObject facts, LoopDynamics d, string[] tokens)
    {
        facts["prompt"] = string.Concat(tokens);
        facts["loops"] = d.Loops;
        facts["explained_variance"] = new JsonArray([.. d.ExplainedVariance.Select(EvalJson.Number)]);
        facts["trajectory"] = new JsonArray([.. d.Trajectory.Select(p => new JsonArray(EvalJson.Number(p.First), EvalJson.Number(p.Second)))]);
        foreach ((string name, IReadOnlyList<double[]> rows) in (ReadOnlySpan<(string, IReadOnlyList<double[]>)>)[("norms", d.Norms), ("distances_to_first", d.ToFirst), ("steps", d.Steps)])
            facts[name] = new JsonArray([.. rows.Select(row => new JsonArray([.. row.Select(EvalJson.Number)]))]);
        facts["spectra"] = new JsonArray([.. d.Spectra.Select(s => new JsonObject
        {
            ["loop"] = s.Loop,
            ["spectral_radius"] = s.Exact is { } exact ? EvalJson.Number(exact.SpectralRadius) : null,
            ["largest_singular_value"] = s.Exact is { } e ? EvalJson.Number(e.LargestSingularValue) : null,
            ["squared_frobenius"] = s.Exact is { } f ? EvalJson.Number(f.SquaredFrobenius) : null,
            ["power_estimate"] = EvalJson.Number(s.Estimate),
            ["power_iterations"] = s.Iterations,
            ["settled"] = s.Settled,
        })]);
        return facts;
    }
}
