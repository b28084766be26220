using System.Text;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Models.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> ReferenceFiles =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors/safetensors"), "*.safetensors").Select(f => Path.GetFileName(f)!)];

    private static string Reference(string name) => Path.Combine(AppContext.BaseDirectory, "Vectors/safetensors", name);

    [Theory, MemberData(nameof(ReferenceFiles))]
    public void A_file_of_the_reference_implementation_is_read_and_written_again_byte_for_byte(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Reference(name));
        Assert.NotEmpty(file.Entries);
        SafetensorsWriter.Write(_folder["copy"], [.. file.Entries.Select(e => file.Read(e.Name))], file.Metadata);
        Assert.Equal(File.ReadAllBytes(Reference(name)), File.ReadAllBytes(_folder["copy"]));
    }

    [Fact]
    public void Known_values_come_out_of_a_reference_file()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Reference("s5_task.safetensors"));
        Assert.Equal("s5_task", file.Metadata["case"]);
        NamedTensor permutations = file.Read("output.permutations");
        Assert.Equal((ElementType.I64, 120L, 5L), (permutations.Type, permutations.Shape[0], permutations.Shape[1]));
        using var tensor = permutations.ToTensor();
        Assert.All(Enumerable.Range(0, 120), i => Assert.Equal([1, 2, 3, 4, 5], tensor[i].data<long>().Order()));
    }

    private string WriteRaw(string json, int dataBytes, ulong? length = null)
    {
        byte[] text = Encoding.Latin1.GetBytes(json);
        File.WriteAllBytes(_folder["raw"], [.. BitConverter.GetBytes(length ?? (ulong)text.Length), .. text, .. new byte[dataBytes]]);
        return _folder["raw"];
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "after its last tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "do not fit F32 of shape [3]")]
    [InlineData("""{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", 8, "'F31'")]
    [InlineData("""{"a":{"dtype":"1","shape":[2],"data_offsets":[0,8]}}""", 8, "'1'")]
    [InlineData("""{"a":{"dtype":"16","shape":[2],"data_offsets":[0,8]}}""", 8, "'16'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", 8, "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "begin and an end")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4, "starts at byte 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4, "starts at byte 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "not a tensor")]
    [InlineData("""{"a":7}""", 8, "not a tensor")]
    [InlineData("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", 8, "not a tensor")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "not a tensor")]
    [InlineData("{\"\xFF\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32",""", 8, "not valid JSON")]
    [InlineData("""[]""", 8, "not a JSON object")]
    [InlineData("", 8, "not a JSON object")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "not a tensor")]
    public void An_invalid_header_is_refused_with_its_reason(string json, int dataBytes, string reason)
    {
        string path = WriteRaw(json, dataBytes);
        LoopedException error = Assert.Throws<LoopedException>(() => SafetensorsFile.Open(path));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "another kind of file")]
    [InlineData(1000ul, "its header needs 1008 bytes and it has 10")]
    public void A_header_longer_than_the_file_is_refused(ulong length, string reason)
    {
        string path = WriteRaw("{}", 0, length);
        Assert.Contains(reason, Assert.Throws<LoopedException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_a_folder_is_refused()
    {
        Assert.Contains(_folder["none"], Assert.Throws<LoopedException>(() => SafetensorsFile.Open(_folder["none"])).Message, StringComparison.Ordinal);
        Assert.Throws<LoopedException>(() => SafetensorsFile.Open(_folder.Root));
    }

    [Fact]
    public void Two_tensors_of_one_name_or_a_wrong_length_are_not_written()
    {
        NamedTensor a = new("a", ElementType.U8, [2], new byte[2]);
        Assert.Throws<LoopedException>(() => SafetensorsWriter.Write(_folder["x"], [a, a]));
        Assert.Throws<LoopedException>(() => SafetensorsWriter.Write(_folder["x"], [a with { Shape = [3] }]));
        Assert.Throws<LoopedException>(() => SafetensorsWriter.Write(_folder["x"], [a with { Name = "__metadata__" }]));
    }

    [Fact]
    public void One_tensor_is_read_from_a_file_beyond_two_gigabytes()
    {
        const long Gap = 3L << 30;
        string json = $$$"""{"big":{"dtype":"U8","shape":[{{{Gap}}}],"data_offsets":[0,{{{Gap}}}]},"last":{"dtype":"U8","shape":[3],"data_offsets":[{{{Gap}}},{{{Gap + 3}}}]}}""";
        string path = WriteRaw(json, 0);
        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = file.Length + Gap; // a hole: takes no space
            file.Write([7, 8, 9]);
        }
        using SafetensorsFile large = SafetensorsFile.Open(path);
        Assert.Equal([7, 8, 9], large.Read("last").Data.ToArray());
        Assert.Contains("2147483591", Assert.Throws<LoopedException>(() => large.Read("big")).Message, StringComparison.Ordinal);
        Assert.Throws<LoopedException>(() => large.Read("absent"));
    }

    [Fact]
    public void A_file_cut_after_it_was_opened_gives_an_error_and_not_zeros()
    {
        string path = WriteRaw("""{"a":{"dtype":"U8","shape":[100],"data_offsets":[0,100]}}""", 100);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using (FileStream cut = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(cut.Length - 1);
        Assert.Contains("cut short", Assert.Throws<LoopedException>(() => file.Read("a")).Message, StringComparison.Ordinal);
    }
}
