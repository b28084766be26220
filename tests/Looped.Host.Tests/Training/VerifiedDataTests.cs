using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Data;
using Looped.Models.Data.Chat;
using Looped.Models.Data.Preparation;
using Looped.Models.Recipes;

namespace Looped.Host.Tests.Training;

/// <summary>Data are what their hash says.</summary>
public sealed class VerifiedDataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("looped-verified-").FullName;

    private string Remembered => Path.Combine(_folder, "remembered");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private TokenDataset Prepare()
    {
        string text = Path.Combine(_folder, "text.txt");
        File.WriteAllLines(text, Enumerable.Range(0, 200).Select(i => $"line {i} of a text"));
        return DatasetResolver.Resolve(new DataRecipe { Source = text }, Path.Combine(_folder, "cache"), Path.Combine(_folder, "shipped"), sequenceLength: 8);
    }

    [Theory, InlineData("train.bin"), InlineData("val.bin")]
    public void A_flipped_bit_is_found_even_after_the_files_were_read(string name)
    {
        using TokenDataset data = Prepare();
        VerifiedData.Require(data, Remembered);
        string path = data.Files.Single(f => Path.GetFileName(f.Path) == name).Path;
        byte[] bytes = File.ReadAllBytes(path);
        bytes[10] ^= 1;
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(1));
        Assert.StartsWith($"{path} is not the file that was prepared", Assert.Throws<LoopedException>(() => VerifiedData.Require(data, Remembered)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_have_not_changed_are_read_once()
    {
        using TokenDataset data = Prepare();
        VerifiedData.Require(data, Remembered);
        Assert.Equal(2, Directory.GetFiles(Remembered).Length);
        // Of other content, but of the same length and time: whoever passes this did not read them.
        foreach ((string path, _) in data.Files)
        {
            DateTime time = File.GetLastWriteTimeUtc(path);
            File.WriteAllBytes(path, new byte[new FileInfo(path).Length]);
            File.SetLastWriteTimeUtc(path, time);
        }
        VerifiedData.Require(data, Remembered);
    }

    [Fact]
    public void Where_nothing_can_be_remembered_the_files_are_read_each_time()
    {
        using TokenDataset data = Prepare();
        File.WriteAllText(Remembered, "a file where the folder should be");
        VerifiedData.Require(data, Remembered);
        File.WriteAllBytes(data.Files[0].Path, new byte[new FileInfo(data.Files[0].Path).Length]);
        Assert.Throws<LoopedException>(() => VerifiedData.Require(data, Remembered));
    }

    [Fact]
    public void Conversations_are_verified_too()
    {
        using ChatDataset data = ChatDataset.Open(Path.Combine(UserFolders.ShippedData, "problems"));
        Assert.Equal(4, data.Files.Count);
        VerifiedData.Require(data, Remembered);
        Assert.Equal(4, Directory.GetFiles(Remembered).Length);
    }
}
