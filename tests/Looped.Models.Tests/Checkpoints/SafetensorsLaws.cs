using CsCheck;
using Looped.Models.Checkpoints;
using Looped.Tests;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Checkpoints;

public sealed class SafetensorsLaws : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    internal static readonly Gen<NamedTensor> Tensors =
        from name in Gen.String[Gen.Char[' ', 'ÿ'], 0, 12]
        from type in Gen.Enum<ElementType>()
        from shape in Gen.Long[0, 4].Array[0, 4]
        from seed in Gen.Byte
        select new NamedTensor(name, type, shape, Bytes(type, shape.ElementCount(), seed));

    internal static readonly Gen<NamedTensor[]> Lists = Tensors.Array[0, 6].Select(ts => ts.DistinctBy(t => t.Name).ToArray());

    private static byte[] Bytes(ElementType type, long count, int seed)
    {
        var bytes = new byte[count * type.Size()];
        new Random(seed).NextBytes(bytes);
        if (type == ElementType.BOOL) for (int i = 0; i < bytes.Length; i++) bytes[i] &= 1;
        return bytes;
    }

    private static void AssertEqual(NamedTensor expected, NamedTensor actual)
    {
        Assert.Equal((expected.Name, expected.Type), (actual.Name, actual.Type));
        Assert.Equal(expected.Shape, actual.Shape);
        Assert.Equal(expected.Data.ToArray(), actual.Data.ToArray());
    }

    [Fact]
    public void What_is_written_is_read_again() => Lists.Sample(tensors =>
    {
        string path = _folder["round-trip"];
        SafetensorsWriter.Write(path, tensors);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(tensors.Length, file.Entries.Count);
        foreach (NamedTensor tensor in tensors) AssertEqual(tensor, file.Read(tensor.Name));
    }, iter: 300, threads: 1);

    [Fact]
    public void Equal_tensors_give_equal_bytes_with_the_data_in_the_order_given() => Lists.Sample(tensors =>
    {
        using MemoryStream first = new(), second = new();
        SafetensorsWriter.Write(first, tensors);
        SafetensorsWriter.Write(second, tensors);
        Assert.Equal(first.ToArray(), second.ToArray());
        byte[] data = [.. tensors.SelectMany(t => t.Data.ToArray())];
        Assert.Equal(data, first.ToArray()[^data.Length..]);
        Assert.Equal(0, (first.Length - data.Length) % 8);
    }, iter: 300);

    [Fact]
    public void Damage_never_gives_anything_but_a_clear_error() =>
        Gen.Select(Lists, Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20], Gen.Byte, Gen.Bool).Sample((tensors, at, cut, value, truncate) =>
        {
            using MemoryStream stream = new();
            SafetensorsWriter.Write(stream, tensors);
            byte[] bytes = stream.ToArray();
            bytes[at % (int)Math.Min(bytes.Length, 400)] = value;
            if (truncate) bytes = bytes[..(cut % (bytes.Length + 1))];
            string path = _folder["damaged"];
            File.WriteAllBytes(path, bytes);
            try
            {
                SafetensorsFile.ReadAll(path);
            }
            catch (LoopedException error)
            {
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
            }
        }, iter: 3000, threads: 1);

    [Fact]
    public void Every_element_type_goes_to_LibTorch_and_back_bit_for_bit() => Tensors.Sample(tensor =>
    {
        using Tensor torch = tensor.ToTensor();
        Assert.Equal(tensor.Type.ToScalarType(), torch.dtype);
        AssertEqual(tensor, torch.ToNamed(tensor.Name));
    }, iter: 300, threads: 1);

    [Fact]
    public void A_strided_tensor_is_copied_in_row_major_order()
    {
        using Tensor transposed = arange(6, dtype: ScalarType.Int64).view(2, 3).t();
        NamedTensor named = transposed.ToNamed("t");
        Assert.Equal([3L, 2L], named.Shape);
        Assert.Equal([0L, 3L, 1L, 4L, 2L, 5L], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(named.Data.Span).ToArray());
    }

    [Fact]
    public void A_type_that_the_format_lacks_is_refused()
    {
        using Tensor complex = zeros(2, dtype: ScalarType.ComplexFloat32);
        Assert.Contains("ComplexFloat32", Assert.Throws<LoopedException>(() => complex.ToNamed("c")).Message, StringComparison.Ordinal);
    }
}
