using System.CommandLine;
using System.Text;
using Looped.Host.CommandLine;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Data;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Sampling;

namespace Looped.Host.Commands;

/// <summary><c>looped generate</c>: text from a checkpoint.</summary>
internal static class GenerateCommand
{
    private const string UsualPrompt = "In the beginning";
    private const int PromptTokens = 16, CharactersShown = 120;

    public static Command Create()
    {
        var checkpoint = new Argument<string>("checkpoint") { Description = "A checkpoint folder, or a run folder (its newest checkpoint)." };
        var prompt = new Option<string?>("--prompt") { Description = $"The text to continue; by default \"{UsualPrompt}\", or what the model is tested on, such as a sum, if it cannot write that." };
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
            string start = Start(opened.Data.Dataset, parsed.GetValue(prompt));
            Console.Write(start);
            foreach (string piece in TextSampler.Continue(opened.Model, opened.Data.Dataset.Tokenizer, start, parsed.GetValue(tokens), options))
                Console.Write(piece);
            Console.WriteLine();
            return ExitCode.Finished;
        });
        return command;
    }

    /// <summary>A prompt that can be encoded, known before anything is printed.</summary>
    private static string Start(IDataset data, string? prompt)
    {
        string start = prompt ?? UsualPrompt, own = data.Tokenizer.Decode(data.Prompt(PromptTokens));
        try
        {
            data.Tokenizer.Encode(start);
            return start;
        }
        catch (LoopedException) when (prompt is null)
        {
            return own;
        }
        catch (LoopedException e)
        {
            throw new UsageException(data.Tokenizer is CharacterTokenizer known ? $"--prompt: {Unknown(start, known)}, such as \"{own.ReplaceLineEndings(" ")}\"." : $"--prompt: {e.Message}", e);
        }
    }

    private static string Unknown(string prompt, CharacterTokenizer known)
    {
        Rune[] characters = [.. known.Vocabulary.EnumerateRunes().Where(c => !Rune.IsControl(c))], unknown = [.. prompt.EnumerateRunes().Except(known.Vocabulary.EnumerateRunes())];
        return $"the model does not know {string.Join(", ", unknown.Select(c => Rune.IsControl(c) ? $"U+{c.Value:X4}" : $"'{c}'"))}; "
            + $"write it with {string.Concat(characters.Take(CharactersShown))}{(characters.Length > CharactersShown ? "…" : "")}";
    }

    private static void Check(SamplingOptions options, int tokens)
    {
        if (tokens < 1) throw new UsageException($"--tokens is {tokens}; it must be at least 1.");
        if (!(options.Temperature >= 0)) throw new UsageException($"--temperature is {options.Temperature}; it must be 0 or more.");
        if (options.TopK < 0) throw new UsageException($"--top-k is {options.TopK}; it must be 0 (all tokens) or more.");
        if (options.Loops < 1) throw new UsageException($"--loops is {options.Loops}; it must be at least 1.");
    }
}
