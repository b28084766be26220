using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Models;
using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tasks;

namespace Looped.Host.Commands;

/// <summary><c>looped prepare</c>: token files from text.</summary>
internal static class PrepareCommand
{
    /// <summary>As the first source: what follows is an archive of OpenWebText2, split as CoTFormer's was.</summary>
    private const string OpenWebText2 = "openwebtext2";

    private const double OpenWebText2Share = 0.0005;

    private static readonly Argument<string[]> Sources = new("SOURCE")
    {
        Description = "Text files, JSONL files (.jsonl, .ndjson), Parquet files, tars of zstandard-compressed JSONL, or folders with .txt, JSONL and Parquet files in them; " +
            $"after the word {OpenWebText2}, its archive as published (openwebtext2.jsonl.zst.tar); the word {AdditionDataset.SourceName} alone generates sums; after the word {PrepareChat.Word}, JSONL or Parquet files of problems and solutions.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string> Tokenizer = new("--tokenizer")
    {
        Description = $"bytes, characters, or the path of a Hugging Face tokenizer.json; {OpenWebText2} wants it named, as published it is GPT-2's.",
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

    private static readonly Option<string> Column = new("--column")
    {
        Description = "In Parquet, the column of the text.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "text",
    };

    private static readonly Option<double?> Validation = new("--validation")
    {
        Description = "The share of the documents of JSONL, Parquet or archives that is drawn by lot for validation, such as 0.01; otherwise the last tenth, "
            + $"and {OpenWebText2Share.ToString(CultureInfo.InvariantCulture)} of {OpenWebText2}.",
        HelpName = "SHARE",
        Validators =
        {
            result =>
            {
                if (result.Tokens is [var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out double share) && share is not (> 0 and < 1))
                    result.AddError($"--validation must be between 0 and 1, not {token.Value}");
            },
        },
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

    private static readonly IReadOnlyList<Option> OfText = [Tokenizer, JsonKey, Column, Validation, Threads];

    private static readonly Option<bool> Json = new("--json") { Description = "Print what was made as JSON." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new LoopedCommand("prepare", "Make token files from text, JSONL, Parquet, and the archive of OpenWebText2, sums for the addition task, or conversations. An interrupted preparation is gone on with by the same command.")
        {
            Examples =
            [
                "looped prepare corpus/ --tokenizer gpt2/tokenizer.json --out data/corpus",
                "looped prepare openwebtext2 openwebtext2.jsonl.zst.tar --tokenizer gpt2/tokenizer.json --out data/openwebtext2",
                "looped prepare articles.jsonl --jsonl-key body --tokenizer bytes --out data/articles",
                "looped prepare articles.parquet --column body --tokenizer bytes --out data/articles",
                "looped prepare addition --digits 4 --out data/sums",
                "looped prepare chat problems.jsonl --tokenizer ouro/tokenizer.json --out data/problems",
            ],
        };
        command.Add(Sources);
        foreach (Option option in (IEnumerable<Option>)[Output, .. OfText, .. PrepareAddition.Options, .. PrepareChat.Options, Json]) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        if (PrepareAddition.Wanted(parsed, parsed.GetRequiredValue(Sources), [.. OfText, .. PrepareChat.Options]))
            return PrepareAddition.Run(parsed, parsed.GetRequiredValue(Output), parsed.GetValue(Json));
        if (PrepareChat.Wanted(parsed, parsed.GetRequiredValue(Sources)))
            return PrepareChat.Run(parsed, parsed.GetRequiredValue(Sources), IsTokenizerNamed(parsed) ? parsed.GetRequiredValue(Tokenizer) : "", parsed.GetRequiredValue(Output), parsed.GetValue(Validation), parsed.GetValue(Json));
        PreparationRequest request = Request(parsed);
        if (CorpusPreparer.Unfinished(request.Output) is { } unfinished) Terminal.Error.WriteLine($"going on with {unfinished}");
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
            Terminal.Error.WriteWarning(CorpusPreparer.Unfinished(request.Output) is { } left
                ? $"stopped before it was finished; what is done waits in {left}. Run the same command to go on."
                : $"stopped before it was finished; nothing was left at {request.Output}. Run the same command to begin again.");
            return ExitCode.Interrupted;
        }
    }

    private static PreparationRequest Request(ParseResult parsed)
    {
        string[] sources = parsed.GetRequiredValue(Sources);
        bool openWebText2 = sources[0] == OpenWebText2;
        if (openWebText2)
        {
            sources = sources[1..];
            if (sources.Length == 0)
                throw new UsageException($"{OpenWebText2} wants the path of its archive: `looped prepare {OpenWebText2} openwebtext2.jsonl.zst.tar --tokenizer tokenizer.json --out DIR`.");
            if (!IsTokenizerNamed(parsed))
                throw new UsageException($"{OpenWebText2} wants its tokenizer named: `--tokenizer` with the path of GPT-2's tokenizer.json, or bytes, or characters.");
        }
        return new PreparationRequest(sources, parsed.GetRequiredValue(Tokenizer), parsed.GetRequiredValue(Output), parsed.GetRequiredValue(JsonKey),
            parsed.GetValue(Threads), openWebText2, parsed.GetValue(Validation) ?? (openWebText2 ? OpenWebText2Share : null), Resume: true, Column: parsed.GetRequiredValue(Column));
    }

    private static bool IsTokenizerNamed(ParseResult parsed) => parsed.GetResult(Tokenizer) is { Implicit: false };

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
