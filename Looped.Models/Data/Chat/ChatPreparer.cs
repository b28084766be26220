using System.Runtime.InteropServices;
using Looped.Models.Checkpoints;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Randomness;
using Looped.Models.Recipes;

namespace Looped.Models.Data.Chat;

/// <summary>What conversations are made of.</summary>
/// <param name="Sources">JSONL and Parquet files, or folders of such.</param>
/// <param name="Tokenizer">The path of a `tokenizer.json`; empty where nobody named one, which is refused.</param>
/// <param name="Output">The folder to make.</param>
/// <param name="Problem">Key or column of the problem.</param>
/// <param name="Solution">Key or column of the solution.</param>
/// <param name="System">The first message of each; empty for none.</param>
/// <param name="MostTokens">Where a conversation is cut off.</param>
/// <param name="Take">How many rows are drawn by lot; null takes all.</param>
/// <param name="Seed">Of that lot, and of the one for validation.</param>
/// <param name="Validation">The share of the rows taken that is kept for validation, at least one.</param>
/// <param name="Mask">What is scored.</param>
public sealed record ChatRequest(IReadOnlyList<string> Sources, string Tokenizer, string Output, string Problem = "problem", string Solution = "solution",
    string System = "", int MostTokens = 2049, long? Take = null, long Seed = 74, double Validation = 0.005, AnswerMask Mask = AnswerMask.Answer);

/// <summary>What was prepared.</summary>
/// <param name="Meta">The folder's `chat.json`.</param>
/// <param name="Unusable">Rows that were left out: without problem or solution, or cut off before anything that is scored.</param>
public sealed record ChatPrepared(ChatMeta Meta, long Unusable);

/// <summary>Makes a folder of conversations from problems and solutions. Files are read twice: rows are counted first, because who is drawn depends on their number.</summary>
public static class ChatPreparer
{
    /// <summary>Prepares.</summary>
    /// <exception cref="LoopedException">A source, the tokenizer or the folder cannot be used, or there are fewer than two usable rows.</exception>
    public static ChatPrepared Prepare(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        IReadOnlyList<SourceFile> sources = SourceFile.Find(request.Sources);
        using ITokenizer? opened = request.Tokenizer.Length > 0 ? TokenizerFactory.Create(request.Tokenizer) : null;
        if (opened is not HuggingFaceTokenizer tokenizer)
            throw new UsageException($"Conversations need the tokenizer.json of a chat model{(request.Tokenizer.Length > 0 ? $", not {request.Tokenizer}" : "")}; name it with --tokenizer.");
        if (tokenizer.VocabularySize > ushort.MaxValue + 1) throw new UsageException($"{request.Tokenizer} has {tokenizer.VocabularySize:N0} ids, and token files hold at most {ushort.MaxValue + 1:N0}.");
        var template = new ChatTemplate(tokenizer, request.System);
        var files = new ProblemFiles(sources, request.Problem, request.Solution);
        long whole = 0, all = 0;
        foreach (Problem problem in files.Read())
        {
            all++;
            if (problem.IsWhole) whole++;
        }
        long taken = Math.Min(request.Take ?? whole, whole);
        if (taken < 2) throw new UsageException($"{string.Join(", ", request.Sources)} has {whole} rows with a problem and a solution, and two are needed: one to train on, one to evaluate on.");
        long held = Math.Clamp((long)Math.Round(taken * request.Validation), 1, taken - 1);
        // Which of the whole rows: the first ones of a permutation, the very first of them for validation.
        var lot = new SequencePermutation(whole, RandomStream.Create(request.Seed, "conversations"));
        Dictionary<long, bool> drawn = [];
        for (long i = 0; i < taken; i++) drawn[lot[i]] = i < held;

        using var folder = new NewFolder(request.Output);
        using var train = new PartWriter(folder.Path, ChatDataset.TrainName);
        using var validation = new PartWriter(folder.Path, ChatDataset.ValidationName);
        long number = 0;
        foreach (Problem problem in files.Read().Where(p => p.IsWhole))
        {
            if (!drawn.TryGetValue(number++, out bool isValidation)) continue;
            (isValidation ? validation : train).Add(template.Encode(problem.Question!, problem.Answer!, request.MostTokens, request.Mask));
        }
        long cut = train.Unusable + validation.Unusable;
        (ChatPart trainPart, ChatPart validationPart) = (train.Finish(), validation.Finish());
        if (trainPart.Rows == 0 || validationPart.Rows == 0)
            throw new UsageException($"Every conversation is cut off before its answer ({cut:N0} of {taken:N0}); raise the number of tokens that are kept, which is {request.MostTokens}.");
        var meta = new ChatMeta(ChatMeta.CurrentFormat, TokenizerFactory.Describe(tokenizer, folder.Path), tokenizer.VocabularySize, request.System, RecipeScalar.Format(request.Mask),
            request.MostTokens, trainPart, validationPart, "");
        meta = meta with { ContentSha256 = meta.ComputeContentHash() };
        meta.Write(folder.Path);
        folder.Keep();
        return new(meta, all - whole + cut);
    }

    /// <summary>Writes one part.</summary>
    private sealed class PartWriter : IDisposable
    {
        private readonly FileStream _tokensFile, _rowsFile;
        private readonly HashingStream _tokens, _rows;
        private long _count, _ids;

        public PartWriter(string folder, string name)
        {
            _tokensFile = File.Create(Path.Combine(folder, name + ".bin"));
            _rowsFile = File.Create(Path.Combine(folder, name + ".rows"));
            (_tokens, _rows) = (new HashingStream(_tokensFile), new HashingStream(_rowsFile));
        }

        public long Unusable { get; private set; }

        public void Add(ChatText text)
        {
            // The first id is predicted by nothing.
            if (text.To <= Math.Max(text.From, 1))
            {
                Unusable++;
                return;
            }
            ushort[] ids = [.. text.Ids.Select(id => (ushort)id)];
            int[] row = [ids.Length, text.From, text.To];
            _tokens.Write(MemoryMarshal.AsBytes(ids.AsSpan()));
            _rows.Write(MemoryMarshal.AsBytes(row.AsSpan()));
            (_count, _ids) = (_count + 1, _ids + ids.Length);
        }

        public ChatPart Finish()
        {
            _tokensFile.Flush();
            _rowsFile.Flush();
            return new ChatPart(_count, _ids, _tokens.Sha256, _rows.Sha256);
        }

        public void Dispose()
        {
            _tokens.Dispose();
            _rows.Dispose();
            _tokensFile.Dispose();
            _rowsFile.Dispose();
        }
    }
}
