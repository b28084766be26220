using System.Globalization;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Models.Checkpoints;
using Looped.Models.Data.Tasks;
using Looped.Models.Evaluation;
using Looped.Models.Sampling;
using Spectre.Console;

namespace Looped.Host.Training;

/// <summary>What a run says when it ends: how good it is, where it is, what it writes, what to try next.</summary>
internal static class RunFarewell
{
    private const int PromptTokens = 48, SampleTokens = 240, SampleSums = 1000;

    /// <summary>After the last step.</summary>
    public static void Finished(Terminal terminal, RunFolder folder, RunSummary summary)
    {
        ValidationSummary validation = summary.Validation;
        terminal.WriteLine();
        terminal.WriteLine($"Finished {summary.Steps:N0} steps, {summary.Tokens:N0} tokens, in {Duration(summary.Seconds)}.");
        terminal.WriteLine($"Validation perplexity {Number(validation.InitialPerplexity)} → {Number(validation.FinalPerplexity)} " +
            $"(a model without context, counting tokens only: {Number(validation.UnigramPerplexity)})");
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Goodput               {100 * summary.Goodput:0.0} % of the workers' time went into steps"));
        terminal.WriteLine($"Run folder            {folder.Root}");
        terminal.WriteLine($"Loss curve            {folder.LossPlot}");
        terminal.WriteLine($"Weights               {CheckpointStore.PathOf(folder.Checkpoints, summary.Steps)}");
        terminal.WriteLine($"Weights SHA-256       {summary.WeightsSha256}");
    }

    /// <summary>A sample of the model's writing, continuing the beginning of the validation text.</summary>
    public static void Sample(Terminal terminal, RunFolder folder)
    {
        using CheckpointModel opened = CheckpointModel.Open(folder.Root);
        if (opened.Data.Dataset is AdditionDataset sums)
        {
            Sums(terminal, opened, sums);
            return;
        }
        string prompt = opened.Data.Dataset.Tokenizer.Decode(opened.Data.Dataset.Prompt(PromptTokens));
        string text = string.Concat(TextSampler.Continue(opened.Model, opened.Data.Dataset.Tokenizer, prompt, SampleTokens, new SamplingOptions()));
        terminal.WriteLine();
        terminal.WriteLine("The first words of the validation text, continued by the model:");
        terminal.Console.Write(new Panel(new Markup($"[dim]{Markup.Escape(prompt)}[/]{Markup.Escape(text)}")));
    }

    /// <summary>Test sums with every digit right.</summary>
    private static void Sums(Terminal terminal, CheckpointModel opened, AdditionDataset sums)
    {
        AdditionScore score = AdditionAccuracy.Measure(opened.Model, [.. sums.Test.Take(SampleSums)], opened.Model.Loops ?? 1);
        terminal.WriteLine();
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Of {score.Total:N0} sums that it was not trained on, {score.Correct:N0} have every digit right."));
    }

    /// <summary>What to try next.</summary>
    public static void Next(Terminal terminal, RunFolder folder, bool sums)
    {
        string run = folder.Root;
        terminal.WriteLine("Next:");
        if (sums) terminal.WriteLine($"  looped eval {run} --suite addition                    sums with every digit right, by the number of loops");
        else
        {
            terminal.WriteLine($"  looped generate {run} --prompt \"In the beginning\"     write more");
            terminal.WriteLine($"  looped generate {run} --prompt \"In the beginning\" --loops 1   with less depth");
        }
        terminal.WriteLine($"  looped eval {run}                                     the whole validation set, with its uncertainty");
        terminal.WriteLine($"  looped status {run}                                   how the run stands");
    }

    /// <summary>When a finished run is asked for again.</summary>
    public static void AlreadyFinished(Terminal terminal, RunFolder folder, RunSummary summary)
    {
        terminal.WriteLine($"The run in {folder.Root} is finished: {summary.Steps:N0} steps, validation perplexity {Number(summary.Validation.FinalPerplexity)}.");
        terminal.WriteLine($"To train longer: --set training.steps={summary.Steps * 2} --extend. To train afresh: --run ANOTHER_FOLDER.");
    }

    private static string Number(double? value) => value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "–";

    private static string Duration(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 60} min {(int)seconds % 60} s");
}
