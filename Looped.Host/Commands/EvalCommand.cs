using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Evaluation;
using Spectre.Console;

namespace Looped.Host.Commands;

/// <summary><c>looped eval</c>: validation perplexity of a checkpoint with its uncertainty.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var checkpoint = new Argument<string>("checkpoint") { Description = "A checkpoint folder, or a run folder (its newest checkpoint)." };
        var batches = new Option<int?>("--batches") { Description = "Read only this many micro-batches, spread evenly; by default the whole validation set." };
        var loops = new Option<int?>("--loops") { Description = "Number of repeats (depth at test time); the trained number by default." };
        var set = new Option<string[]>("--set") { Description = "Change the checkpoint's recipe, such as data.source=FOLDER or training.threads=1." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("eval", "Measure the validation perplexity of a checkpoint, with a 95 % interval.")
        {
            Examples = ["looped eval runs/quickstart", "looped eval runs/quickstart/checkpoints/step-000100 --loops 1 --json"],
        };
        command.Add(checkpoint);
        foreach (Option option in (Option[])[batches, loops, set, json]) command.Add(option);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(batches) < 1) throw new UsageException($"--batches is {parsed.GetValue(batches)}; it must be at least 1.");
            if (parsed.GetValue(loops) < 1) throw new UsageException($"--loops is {parsed.GetValue(loops)}; it must be at least 1.");
            using CheckpointModel opened = CheckpointModel.Open(parsed.GetRequiredValue(checkpoint), parsed.GetValue(set));
            if (opened.Data.Dataset.ContentHash != opened.Checkpoint.Info.DataSha256)
                Terminal.Error.WriteWarning("the data set is not the one the checkpoint was trained on; its validation text may have been seen in training, or be of another kind.");
            PerplexityResult result = Measure(opened, parsed.GetValue(batches), parsed.GetValue(loops));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(Json(opened, result, parsed.GetValue(loops)));
            else Print(opened, result, parsed.GetValue(loops));
            return ExitCode.Finished;
        });
        return command;
    }

    private static PerplexityResult Measure(CheckpointModel opened, int? batches, int? loops)
    {
        int sequences = opened.Recipe.Batch.MicroSequences;
        PerplexityResult Run(Action<long>? progress) =>
            Perplexity.Measure(opened.Model, opened.Data.Validation.Batches(sequences, batches), loops, progress);

        if (!Terminal.Error.IsInteractive) return Run(null);
        long total = Math.Min(opened.Data.Validation.SequenceCount, (long)sequences * (batches ?? int.MaxValue));
        return Terminal.Error.Console.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask task = context.AddTask("evaluating", maxValue: total);
            return Run(done => task.Value = done);
        });
    }

    private static void Print(CheckpointModel opened, PerplexityResult result, int? loops)
    {
        static string N(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new Table().AddColumns("measure", "value");
        table.AddRow("checkpoint", Markup.Escape(opened.Checkpoint.Path));
        table.AddRow("repeats", loops?.ToString(CultureInfo.InvariantCulture) ?? "as trained");
        table.AddRow("validation", $"{result.Tokens:N0} tokens in {result.Sequences:N0} sequences");
        table.AddRow("perplexity", $"{N(result.Perplexity, "0.000")}  (95 %: {N(result.Interval.Low, "0.000")} … {N(result.Interval.High, "0.000")})");
        table.AddRow("loss", $"{N(result.Loss, "0.0000")} ± {N(result.StandardError, "0.0000")} nats per token (standard error)");
        table.AddRow("accuracy", N(result.Accuracy, "0.0000"));
        table.AddRow("unigram perplexity", N(Unigram.Perplexity(opened.Data.Dataset), "0.000"));
        Terminal.Out.Console.Write(table);
    }

    private static JsonObject Json(CheckpointModel opened, PerplexityResult result, int? loops) => new()
    {
        ["checkpoint"] = opened.Checkpoint.Path,
        ["step"] = opened.Checkpoint.Snapshot.Step,
        ["loops"] = loops,
        ["tokens"] = result.Tokens,
        ["sequences"] = result.Sequences,
        ["loss"] = result.Loss,
        ["standard_error"] = double.IsFinite(result.StandardError) ? result.StandardError : null,
        ["perplexity"] = result.Perplexity,
        ["perplexity_low"] = double.IsFinite(result.Interval.Low) ? result.Interval.Low : null,
        ["perplexity_high"] = double.IsFinite(result.Interval.High) ? result.Interval.High : null,
        ["accuracy"] = result.Accuracy,
        ["weights_sha256"] = opened.Checkpoint.Manifest.WeightsSha256,
    };
}
