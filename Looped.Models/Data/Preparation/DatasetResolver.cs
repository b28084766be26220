using System.Security.Cryptography;
using System.Text;
using Looped.Models.Data.Chat;
using Looped.Models.Data.Tasks;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Recipes;

namespace Looped.Models.Data.Preparation;

/// <summary>Finds the data set that a recipe names: a shipped corpus, a prepared folder, the original code's token files, or text that is prepared once and kept.</summary>
public static class DatasetResolver
{
    private const string DefaultTokenizer = "characters";

    /// <summary>Opens the data set of a recipe, after preparing it if that has not been done before.</summary>
    /// <param name="data">The recipe's `data` section.</param>
    /// <param name="cacheFolder">Where prepared text is kept; several processes may share it.</param>
    /// <param name="shippedDataFolder">The folder with the corpora that ship with the program, by name.</param>
    /// <param name="sequenceLength">T, tokens in a sequence; each file must hold at least one.</param>
    /// <param name="progress">Told about preparing.</param>
    /// <param name="cancellation">Stops preparing.</param>
    /// <exception cref="LoopedException">The source, the tokenizer or their combination cannot be used.</exception>
    public static TokenDataset Resolve(DataRecipe data, string cacheFolder, string shippedDataFolder, int sequenceLength,
        IProgress<PreparationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        string source = Locate(data.Source, shippedDataFolder);
        TokenDataset dataset = File.Exists(Path.Combine(source, DatasetMeta.FileName))
            ? OpenPrepared(source, data.Tokenizer)
            : BareTokenFiles.AreIn(source) ? BareTokenFiles.Open(source, data.Tokenizer, cacheFolder)
            : Prepare(source, data.Tokenizer, cacheFolder, progress, cancellation);
        try
        {
            RequireOneSequence(dataset.Train, "training", sequenceLength);
            RequireOneSequence(dataset.Validation, "validation", sequenceLength);
            return dataset;
        }
        catch
        {
            dataset.Dispose();
            throw;
        }
    }

    /// <summary>A bare name of a shipped corpus means that corpus wherever the program is started; `./NAME` is always a path.</summary>
    private static string Locate(string source, string shippedDataFolder)
    {
        string shipped = Path.Combine(shippedDataFolder, source);
        if (Path.GetFileName(source) == source && Directory.Exists(shipped)) return shipped;
        if (Path.Exists(source)) return source;
        string[] names = Directory.Exists(shippedDataFolder) ? [.. Directory.EnumerateDirectories(shippedDataFolder).Where(IsCorpus).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)] : [];
        string shippedNames = names.Length > 0 ? $"a shipped corpus ({string.Join(", ", names)})" : "a shipped corpus (none is installed)";
        throw new UsageException($"data.source: there is no '{source}'; name {shippedNames}, {AdditionDataset.SourceName} for generated sums, a folder made by `looped prepare`, or a text file or folder.");
    }

    private static bool IsCorpus(string folder) =>
        File.Exists(Path.Combine(folder, DatasetMeta.FileName)) || File.Exists(Path.Combine(folder, ChatMeta.FileName)) || SourceFile.AreIn(folder);

    private static TokenDataset OpenPrepared(string folder, string tokenizer)
    {
        TokenDataset dataset = TokenDataset.Open(folder);
        if (tokenizer.Length == 0 || Fits(dataset.Tokenizer, tokenizer)) return dataset;
        string actual = dataset.Meta.Tokenizer.Path ?? dataset.Meta.Tokenizer.Kind;
        int vocabulary = dataset.VocabularySize;
        dataset.Dispose();
        throw new UsageException($"The vocabulary of the data and the recipe's do not match: {folder} was prepared with {actual} ({vocabulary:N0} ids), " +
            $"data.tokenizer says {tokenizer}; leave data.tokenizer empty, or prepare the text again with `looped prepare --tokenizer {tokenizer}`.");
    }

    private static bool Fits(ITokenizer prepared, string name)
    {
        if (name == DefaultTokenizer) return prepared is CharacterTokenizer;
        using ITokenizer? wanted = TokenizerFactory.Create(name);
        return wanted?.Identity == prepared.Identity;
    }

    private static TokenDataset Prepare(string source, string tokenizer, string cacheFolder, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        if (tokenizer.Length == 0) tokenizer = DefaultTokenizer;
        string folder = Path.Combine(cacheFolder, Key(source, tokenizer));
        if (!Directory.Exists(folder))
        {
            try
            {
                var request = new PreparationRequest([source], tokenizer, folder, Threads: Environment.ProcessorCount);
                CorpusPreparer.Prepare(request, progress, cancellation);
            }
            catch (UsageException) when (File.Exists(Path.Combine(folder, DatasetMeta.FileName)))
            {
                // Another process was faster. The name is a hash of all that decides the content, so its folder is ours.
            }
        }
        return TokenDataset.Open(folder);
    }

    /// <summary>Names a prepared folder by everything that decides what is in it.</summary>
    private static string Key(string source, string tokenizer)
    {
        using ITokenizer? known = TokenizerFactory.Create(tokenizer);
        var text = new StringBuilder().Append(DatasetMeta.CurrentFormat).Append('\n').Append(known?.Identity ?? tokenizer).Append('\n');
        foreach (SourceFile file in SourceFile.Find([source]))
            text.Append(file.Name).Append('\0').Append(file.Kind == SourceKind.JsonLines).Append('\0').Append(TokenFile.Sha256(file.Path)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    private static void RequireOneSequence(TokenFile file, string purpose, int length)
    {
        if (TokenWindows.Windows(file.Count, length) > 0) return;
        throw new UsageException($"model.sequence_length is {length}, but the data has only {file.Count} {purpose} tokens ({file.Path}); " +
            "use more data or a shorter sequence.");
    }
}
