using System.CommandLine;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Models;
using Looped.Models.Data.Chat;

namespace Looped.Host.Commands;

/// <summary><c>looped prepare chat</c>: conversations from problems and solutions.</summary>
internal static class PrepareChat
{
    /// <summary>As the first source: what follows are files of problems and solutions.</summary>
    public const string Word = "chat";

    private static readonly ChatRequest Usual = new([], "", "");

    private static readonly Option<string> Problem = new("--problem") { Description = "chat: key or column of the problem.", HelpName = "KEY", DefaultValueFactory = _ => Usual.Problem };
    private static readonly Option<string> Solution = new("--solution") { Description = "chat: key or column of the solution.", HelpName = "KEY", DefaultValueFactory = _ => Usual.Solution };
    private static readonly Option<string> System = new("--system") { Description = "chat: the first message of each conversation; none without.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private static readonly Option<int> MostTokens = new("--most-tokens") { Description = "chat: where a conversation is cut off.", HelpName = "N", DefaultValueFactory = _ => Usual.MostTokens };
    private static readonly Option<long?> Take = new("--take") { Description = "chat: how many rows are drawn by lot; all without.", HelpName = "N" };
    private static readonly Option<long> Seed = new("--shuffle-seed") { Description = "chat: of the lot.", HelpName = "N", DefaultValueFactory = _ => Usual.Seed };
    private static readonly Option<AnswerMask> Mask = new("--mask")
    {
        Description = "chat: what is scored: `answer`, with the token that ends it, or `reference`, as the published code of STARS does.",
        HelpName = "MASK",
        DefaultValueFactory = _ => AnswerMask.Answer,
    };

    /// <summary>Its options.</summary>
    public static IReadOnlyList<Option> Options { get; } = [Problem, Solution, System, MostTokens, Take, Seed, Mask];

    /// <summary>Whether conversations are what a person asked for.</summary>
    /// <exception cref="UsageException">Options do not fit the sources.</exception>
    public static bool Wanted(ParseResult parsed, string[] sources)
    {
        if (sources[0] == Word) return true;
        Option? misplaced = Options.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
        return misplaced is null ? false : throw new UsageException($"{misplaced.Name} goes with {Word} only: `looped prepare {Word} problems.jsonl --tokenizer tokenizer.json --out DIR`.");
    }

    /// <summary>Prepares them.</summary>
    public static int Run(ParseResult parsed, string[] sources, string tokenizer, string output, double? validation, bool json)
    {
        if (sources.Length == 1) throw new UsageException($"{Word} wants files of problems and solutions: `looped prepare {Word} problems.jsonl --tokenizer tokenizer.json --out DIR`.");
        if (parsed.GetValue(MostTokens) < 2) throw new UsageException($"--most-tokens is {parsed.GetValue(MostTokens)}; it must be at least 2.");
        if (parsed.GetValue(Take) < 2) throw new UsageException($"--take is {parsed.GetValue(Take)}; it must be at least 2.");
        (ChatMeta meta, long unusable) = ChatPreparer.Prepare(new ChatRequest(sources[1..], tokenizer, output, parsed.GetRequiredValue(Problem), parsed.GetRequiredValue(Solution),
            parsed.GetRequiredValue(System), parsed.GetValue(MostTokens), parsed.GetValue(Take), parsed.GetValue(Seed), validation ?? Usual.Validation, parsed.GetValue(Mask)));
        if (json)
        {
            Terminal.Out.WriteJson(new JsonObject
            {
                ["folder"] = output,
                ["train_rows"] = meta.Train.Rows,
                ["train_tokens"] = meta.Train.Tokens,
                ["validation_rows"] = meta.Validation.Rows,
                ["unusable_rows"] = unusable,
                ["content_sha256"] = meta.ContentSha256,
            });
            return ExitCode.Finished;
        }
        Terminal.Out.WriteLine($"{output}: {meta.Train.Rows:N0} conversations of {meta.Train.Tokens:N0} tokens to train on, {meta.Validation.Rows:N0} to evaluate on"
            + (unusable > 0 ? $"; {unusable:N0} rows without problem or solution, or cut off before the answer, were left out." : "."));
        return ExitCode.Finished;
    }
}
