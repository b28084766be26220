using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Data;

public sealed class BareTokenFilesTests : IDisposable
{
    private static readonly string Tiny = Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "tiny-bpe", "tokenizer.json");
    private readonly TemporaryFolder _folder = new();

    public BareTokenFilesTests()
    {
        File.WriteAllText(_folder["a.txt"], string.Concat(Enumerable.Repeat("A line of a poem.\n", 50)));
        CorpusPreparer.Prepare(new PreparationRequest([_folder["a.txt"]], Tiny, _folder["prepared"]), cancellation: TestContext.Current.CancellationToken);
        Directory.CreateDirectory(_folder["bare"]);
        foreach (string name in (string[])["train.bin", "val.bin"]) File.Copy(_folder[$"prepared/{name}"], _folder[$"bare/{name}"]);
    }

    public void Dispose() => _folder.Dispose();

    private TokenDataset Resolve(string source, string tokenizer = "") => DatasetResolver.Resolve(new DataRecipe { Source = source, Tokenizer = tokenizer },
        _folder["cache"], _folder["shipped"], sequenceLength: 8, cancellation: TestContext.Current.CancellationToken);

    private string Refused(string tokenizer) => Assert.ThrowsAny<LoopedException>(() => Resolve(_folder["bare"], tokenizer)).Message.Replace(_folder.Path + "/", "", StringComparison.Ordinal);

    [Fact]
    public void They_are_the_same_data_as_the_prepared_folder_and_stay_as_they_are()
    {
        using TokenDataset bare = Resolve(_folder["bare"], Tiny), prepared = Resolve(_folder["prepared"]);
        Assert.Equal((prepared.ContentHash, prepared.VocabularySize, prepared.Validation.Count), (bare.ContentHash, bare.VocabularySize, bare.Validation.Count));
        Assert.Equal(_folder["bare/train.bin"], bare.Train.Path);
        Assert.All(bare.Files, file => Assert.Equal(file.Sha256, TokenFile.Sha256(file.Path)));
        Assert.Equal(["train.bin", "val.bin"], Directory.EnumerateFiles(_folder["bare"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void They_are_examined_once_and_again_when_they_change()
    {
        string first, second;
        using (TokenDataset bare = Resolve(_folder["bare"], Tiny)) first = bare.Folder;
        using (TokenDataset again = Resolve(_folder["bare"], Tiny)) second = again.Folder;
        File.WriteAllBytes(_folder["bare/val.bin"], new byte[40]);
        using TokenDataset changed = Resolve(_folder["bare"], Tiny);
        Assert.Equal(first, second);
        Assert.NotEqual(first, changed.Folder);
        Assert.Equal(20, changed.Validation.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("characters")]
    public void Their_tokenizer_has_to_be_named(string tokenizer) => Assert.Equal(
        "data.source: bare has train.bin and val.bin but no meta.json that says what made them; name it with data.tokenizer: the path of a tokenizer.json "
        + "(GPT-2's for the original's OpenWebText2), or bytes.", Refused(tokenizer));

    [Fact]
    public void A_tokenizer_with_too_few_ids_cannot_have_made_them()
    {
        File.WriteAllBytes(_folder["bare/train.bin"], [.. new byte[100], 0x2C, 0x01]);
        Assert.Equal("bare/train.bin holds the id 300, but the tokenizer bytes has only 256; name the one that made the file with data.tokenizer.", Refused("bytes"));
        Assert.False(Directory.Exists(_folder["cache"]) && Directory.EnumerateFileSystemEntries(_folder["cache"]).Any());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(41)]
    public void Half_a_token_is_damage(int bytes)
    {
        File.WriteAllBytes(_folder["bare/val.bin"], new byte[bytes]);
        Assert.Equal($"bare/val.bin has {bytes} bytes, which are not whole tokens of two bytes each; copy it again.", Refused(Tiny));
    }
}
