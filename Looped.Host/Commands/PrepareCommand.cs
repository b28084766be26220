using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Models.Data;
using Looped.Models.Data.Preparation;

namespace Looped.Host.Commands;

/// <summary><c>looped prepare</c>: token files from text.</summary>
internal static class PrepareCommand
{
    private static readonly Argument<string[]> Sources = new("SOURCE")
    {
        Description = "Text files, JSONL files (.jsonl, .ndjson), or folders with .txt and JSONL files in them.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string> Tokenizer = new("--tokenizer")
    {
        Description = "bytes, characters, or the path of a Hugging Face tokenizer.json.",
        HelpName = "T",
        DefaultValueFactory = _ => "characters",
    };

    private static readonly Option<string> Output = new("--out") { Description = "The folder to make.", HelpName = "DIR", Required = true };

    private static readonly Option<string> JsonKey = new("--jsonl-key")
    {
        Description = "In JSONL, the key of the text.",
        HelpName = "KEY",
        DefaultValueFactory = _ => "text",
    };

    private static readonly Option<int> Threads = new("--threads")
    {
        Description = "Threads that tokenize; the result does not depend on it.",
        HelpName = "N",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        // A word that is no number has its own error.
        Validators =
        {
            result =>
            {
                if (int.TryParse(result.Tokens is [var token] ? token.Value : null, out int threads) && threads < 1)
                    result.AddError($"--threads must be at least 1, not {threads}");
            },
        },
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print what was made as JSON." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new LoopedCommand("prepare", "Make token files from text files, folders and JSONL.")
        {
            Examples =
            [
                "looped prepare corpus/ --tokenizer gpt2/tokenizer.json --out data/corpus",
                "looped prepare articles.jsonl --jsonl-key body --tokenizer bytes --out data/articles",
            ],
        };
        command.Add(Sources);
        foreach (Option option in new Option[] { Tokenizer, Output, JsonKey, Threads, Json }) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var request = new PreparationRequest(parsed.GetRequiredValue(Sources), parsed.GetRequiredValue(Tokenizer), parsed.GetRequiredValue(Output),
            parsed.GetRequiredValue(JsonKey), parsed.GetValue(Threads));
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop), terminate = StopOn(PosixSignal.SIGTERM, stop);
        var clock = Stopwatch.StartNew();
        try
        {
            DatasetMeta meta = PreparationDisplay.Run(progress => CorpusPreparer.Prepare(request, progress, stop.Token));
            Report(request.Output, meta, clock.Elapsed, parsed.GetValue(Json));
            return ExitCode.Finished;
        }
        catch (OperationCanceledException)
        {
            Terminal.Error.WriteWarning($"stopped before it was finished; nothing was left at {request.Output}. Run the same command to begin again.");
            return ExitCode.Interrupted;
        }
    }

    private static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });

    private static void Report(string folder, DatasetMeta meta, TimeSpan elapsed, bool json)
    {
        long bytes = meta.Sources.Sum(s => s.Bytes);
        if (json)
        {
            Terminal.Out.WriteJson(new JsonObject
            {
                ["folder"] = folder,
                ["sources"] = meta.Sources.Count,
                ["bytes"] = bytes,
                ["vocabulary_size"] = meta.VocabularySize,
                ["train_tokens"] = meta.Train.Tokens,
                ["validation_tokens"] = meta.Validation.Tokens,
                ["content_sha256"] = meta.ContentSha256,
                ["seconds"] = elapsed.TotalSeconds,
            });
            return;
        }
        Terminal.Out.WriteLine($"{folder}: {meta.Train.Tokens:N0} training and {meta.Validation.Tokens:N0} validation tokens, vocabulary {meta.VocabularySize:N0}, "
            + $"from {meta.Sources.Count:N0} {(meta.Sources.Count == 1 ? "file" : "files")} with {bytes / 1e6:N1} MB in {elapsed.TotalSeconds:N1} s ({bytes / 1e6 / elapsed.TotalSeconds:N1} MB/s).");
        Terminal.Out.WriteLine($"Train on it:  looped train --set data.source={folder} --set data.tokenizer=");
    }
}
