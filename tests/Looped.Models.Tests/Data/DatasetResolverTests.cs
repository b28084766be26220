using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Data;

public sealed class DatasetResolverTests : IDisposable
{
    private static readonly string Tiny = Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "tiny-bpe", "tokenizer.json");
    private readonly TemporaryFolder _folder = new();

    public DatasetResolverTests()
    {
        Directory.CreateDirectory(_folder["shipped/poems"]);
        File.WriteAllText(_folder["shipped/poems/a.txt"], string.Concat(Enumerable.Repeat("A line of a poem.\n", 50)));
    }

    public void Dispose() => _folder.Dispose();

    private TokenDataset Resolve(string source, string tokenizer = "", int length = 8) => DatasetResolver.Resolve(new DataRecipe { Source = source, Tokenizer = tokenizer },
        _folder["cache"], _folder["shipped"], length, cancellation: TestContext.Current.CancellationToken);

    private string Error(string source, string tokenizer = "", int length = 8) => Assert.Throws<UsageException>(() => Resolve(source, tokenizer, length)).Message;

    private static void Says(string part, string message) => Assert.Contains(part, message, StringComparison.Ordinal);

    [Fact]
    public void A_shipped_corpus_is_prepared_once()
    {
        using TokenDataset first = Resolve("poems");
        DateTime written = Directory.GetLastWriteTimeUtc(first.Folder);
        using TokenDataset second = Resolve("poems", "characters");
        Assert.Equal((first.Folder, first.ContentHash, "characters"), (second.Folder, second.ContentHash, second.Tokenizer.Name));
        Assert.Equal(written, Directory.GetLastWriteTimeUtc(second.Folder));
        Assert.Single(Directory.EnumerateDirectories(_folder["cache"]));
    }

    [Fact]
    public void Another_tokenizer_or_another_text_is_another_data_set()
    {
        using TokenDataset characters = Resolve("poems"), bytes = Resolve("poems", "bytes"), tiny = Resolve("poems", Tiny);
        File.AppendAllText(_folder["shipped/poems/a.txt"], "One more line.\n");
        using TokenDataset longer = Resolve("poems");
        Assert.Equal(4, new[] { characters, bytes, tiny, longer }.Select(d => d.Folder).Distinct().Count());
        Assert.Equal(512, tiny.VocabularySize);
    }

    [Fact]
    public async Task Processes_that_prepare_the_same_at_once_share_the_result()
    {
        TokenDataset[] data = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Resolve("poems", "bytes"))));
        Assert.Single(data.Select(d => d.ContentHash).Distinct());
        Assert.Equal(["cache"], data.Select(d => Path.GetFileName(Path.GetDirectoryName(d.Folder))).Distinct());
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder["cache"]));
        foreach (TokenDataset d in data) d.Dispose();
    }

    [Fact]
    public void A_prepared_folder_is_taken_with_its_own_tokenizer()
    {
        CorpusPreparer.Prepare(new PreparationRequest([_folder["shipped/poems"]], Tiny, _folder["prepared"]), cancellation: TestContext.Current.CancellationToken);
        using TokenDataset own = Resolve(_folder["prepared"]), named = Resolve(_folder["prepared"], Tiny);
        Assert.Equal((_folder["prepared"], 512), (own.Folder, own.VocabularySize));
        Assert.Equal(own.ContentHash, named.ContentHash);
        Assert.False(Directory.Exists(_folder["cache"]));
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("characters")]
    public void A_recipe_with_another_tokenizer_than_the_prepared_folder_is_refused(string tokenizer)
    {
        CorpusPreparer.Prepare(new PreparationRequest([_folder["shipped/poems"]], Tiny, _folder["prepared"]), cancellation: TestContext.Current.CancellationToken);
        string message = Error(_folder["prepared"], tokenizer);
        Says("vocabulary of the data and the recipe's do not match", message);
        Says($"data.tokenizer says {tokenizer}", message);
    }

    [Fact]
    public void A_source_that_does_not_exist_is_refused_with_the_names_that_do()
    {
        Directory.CreateDirectory(_folder["shipped/traces"]);
        File.WriteAllText(_folder["shipped/traces/a.csv"], "0,1\n"); // no corpus
        Says("a shipped corpus (poems), addition for generated sums, a folder", Error("pomes"));
    }

    [Fact]
    public void A_sequence_longer_than_the_data_is_refused_with_the_numbers() =>
        Says("model.sequence_length is 500, but the data has only 90 validation tokens", Error("poems", length: 500));
}
