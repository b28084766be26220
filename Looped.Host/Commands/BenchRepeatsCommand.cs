using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Optimization;
using Spectre.Console;

namespace Looped.Host.Commands;

/// <summary><c>looped bench repeats</c>: whether repeats, and tokens that halt, cost what their multiplications predict.</summary>
internal static class BenchRepeatsCommand
{
    public static LoopedCommand Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var repeats = new Option<int[]>("--repeats") { Description = "How many repeats; may be given several times.", HelpName = "R", DefaultValueFactory = _ => [2, 3, 5] };
        var rounds = new Option<int>("--rounds") { Description = "Measurements of each model.", DefaultValueFactory = _ => 7 };
        var batches = new Option<int>("--batches") { Description = "Micro-batches of a measurement.", DefaultValueFactory = _ => 4 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("repeats", "Compare the speed of a CoTFormer with what its multiplications predict from the base model's.")
        {
            Examples = ["looped bench repeats", "looped bench repeats --repeats 5 --set model.variant=adm --set training.threads=1"],
            Arguments = { recipe },
            Options = { set, repeats, rounds, batches, json },
        };
        command.SetAction((parsed, _) =>
        {
            foreach ((string option, int value) in (ReadOnlySpan<(string, int)>)[("--rounds", parsed.GetValue(rounds)), ("--batches", parsed.GetValue(batches)), ("--repeats", parsed.GetValue(repeats)!.Min())])
                if (value < 1) throw new UsageException($"{option} is {value}; it must be at least 1.");
            RunRecipe loaded = parsed.Load(recipe, set);
            using RunData data = RunData.Open(loaded);
            bool asJson = parsed.GetValue(json);
            IReadOnlyList<RepeatsRow> rows = new RepeatsBenchmark(loaded, data).Run(parsed.GetValue(repeats)!, parsed.GetValue(rounds), parsed.GetValue(batches),
                line => { if (!asJson) Terminal.Out.WriteLine(line); });
            if (asJson) Terminal.Out.WriteJson(new JsonArray([.. rows.Select(r => Json(r, Base(rows, r)))]));
            else Print(loaded, rows);
            return Task.FromResult(ExitCode.Finished);
        });
        return command;
    }

    private static RepeatsRow Base(IReadOnlyList<RepeatsRow> rows, RepeatsRow row) => rows.First(r => r.Training == row.Training);

    private static void Print(RunRecipe recipe, IReadOnlyList<RepeatsRow> rows)
    {
        Table table = new Table().AddColumns("what", "model", "tokens that go on", "MACs per token").AddColumn("tokens/s", c => c.RightAligned())
            .AddColumn("MACs/s, base = 1", c => c.RightAligned()).AddColumn("by processor time", c => c.RightAligned());
        foreach (RepeatsRow row in rows)
            table.AddRow(row.Training ? "training" : "evaluation", row.Name, row.LengthFactors is [double share, ..] ? share.ToString("0 %", CultureInfo.InvariantCulture) : "all",
                Quantity.Count(row.MacsPerToken), row.Speed.ToString("N0", CultureInfo.InvariantCulture), row.RateOf(Base(rows, row)).ToString("0.00", CultureInfo.InvariantCulture), row.ProcessorRateOf(Base(rows, row)).ToString("0.00", CultureInfo.InvariantCulture));
        Terminal.Out.Console.Write(table);
        Terminal.Out.WriteLine(NumericsFingerprint.Current(recipe.Training).Describe());
        Terminal.Out.WriteLine("MACs are those of the forward with every position scored; a rate of 1 is exactly what the base model's speed predicts.");
    }

    private static JsonObject Json(RepeatsRow row, RepeatsRow plain) => new()
    {
        ["what"] = row.Training ? "training" : "evaluation",
        ["model"] = row.Name,
        ["length_factors"] = row.LengthFactors is { } factors ? new JsonArray([.. factors.Select(f => JsonValue.Create(f))]) : null,
        ["macs_per_token"] = row.MacsPerToken,
        ["tokens_per_second"] = row.Speed,
        ["rate_to_base"] = row.RateOf(plain),
        ["processor_rate_to_base"] = row.ProcessorRateOf(plain),
        ["rounds"] = new JsonArray([.. row.TokensPerSecond.Select(s => JsonValue.Create(s))]),
    };
}
