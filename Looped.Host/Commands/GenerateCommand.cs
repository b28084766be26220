using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Sampling;

namespace Looped.Host.Commands;

/// <summary><c>looped generate</c>: text from a checkpoint.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var checkpoint = new Argument<string>("checkpoint") { Description = "A checkpoint folder, or a run folder (its newest checkpoint)." };
        var prompt = new Option<string>("--prompt") { Description = "The text to continue.", DefaultValueFactory = _ => "In the beginning" };
        var tokens = new Option<int>("--tokens") { Description = "How many tokens to write.", DefaultValueFactory = _ => 300 };
        var temperature = new Option<double>("--temperature") { Description = "0 always takes the most likely token.", DefaultValueFactory = _ => 0.8 };
        var topK = new Option<int>("--top-k") { Description = "Consider only the k most likely tokens; 0 considers all." };
        var seed = new Option<long>("--random-seed") { Description = "The same seed writes the same text.", DefaultValueFactory = _ => 1337 };
        var loops = new Option<int?>("--loops") { Description = "Number of repeats (depth at test time); the trained number by default." };
        var command = new LoopedCommand("generate", "Write text with a trained model.")
        {
            Examples = ["looped generate runs/quickstart --prompt \"In the beginning\"", "looped generate runs/quickstart --loops 1 --temperature 0 --tokens 100"],
        };
        command.Add(checkpoint);
        foreach (Option option in (Option[])[prompt, tokens, temperature, topK, seed, loops]) command.Add(option);
        command.SetAction(parsed =>
        {
            var options = new SamplingOptions(parsed.GetValue(temperature), parsed.GetValue(topK), parsed.GetValue(seed), parsed.GetValue(loops));
            Check(options, parsed.GetValue(tokens));
            using CheckpointModel opened = CheckpointModel.Open(parsed.GetRequiredValue(checkpoint));
            string start = parsed.GetValue(prompt)!;
            Console.Write(start);
            foreach (string piece in TextSampler.Continue(opened.Model, opened.Data.Dataset.Tokenizer, start, parsed.GetValue(tokens), options))
                Console.Write(piece);
            Console.WriteLine();
            return ExitCode.Finished;
        });
        return command;
    }

    private static void Check(SamplingOptions options, int tokens)
    {
        if (tokens < 1) throw new UsageException($"--tokens is {tokens}; it must be at least 1.");
        if (!(options.Temperature >= 0)) throw new UsageException($"--temperature is {options.Temperature}; it must be 0 or more.");
        if (options.TopK < 0) throw new UsageException($"--top-k is {options.TopK}; it must be 0 (all tokens) or more.");
        if (options.Loops < 1) throw new UsageException($"--loops is {options.Loops}; it must be at least 1.");
    }
}
