using System.Runtime.InteropServices;
using Looped.Actors.Collectives.Nccl;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

public class NcclLayoutTests
{
    [Fact]
    public void The_id_is_128_bytes() => Assert.Equal(128, Marshal.SizeOf<NcclUniqueId>());

    [Fact]
    public void The_configuration_has_the_layout_of_NCCL_2_18()
    {
        Assert.Equal(48, Marshal.SizeOf<NcclConfig>());
        (string Field, int Offset)[] header =
        [
            (nameof(NcclConfig.Size), 0), (nameof(NcclConfig.Magic), 8), (nameof(NcclConfig.Version), 12), (nameof(NcclConfig.Blocking), 16),
            (nameof(NcclConfig.CgaClusterSize), 20), (nameof(NcclConfig.MinCtas), 24), (nameof(NcclConfig.MaxCtas), 28),
            (nameof(NcclConfig.NetName), 32), (nameof(NcclConfig.SplitShare), 40), (nameof(NcclConfig.TrafficClass), 44),
        ];
        Assert.All(header, field => Assert.Equal(field.Offset, (int)Marshal.OffsetOf<NcclConfig>(field.Field)));
    }

    [Fact]
    public void The_numbers_are_those_of_the_header()
    {
        Assert.Equal([0, 2, 4, 7, 9], Enum.GetValues<NcclDataType>().Select(v => (int)v));
        Assert.Equal([0, 2], Enum.GetValues<NcclOperation>().Select(v => (int)v));
        Assert.Equal(Enumerable.Range(0, 8), Enum.GetValues<NcclResult>().Select(v => (int)v));
    }

    [Theory]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public unsafe void The_address_is_that_of_the_first_element_of_a_view(ScalarType type)
    {
        using Tensor whole = arange(10, dtype: type), view = whole[3..];
        nint address = DeviceMemory.FirstElement(view);
        Assert.Equal(3 * whole.element_size(), address - DeviceMemory.FirstElement(whole));
        Assert.Equal(view.bytes.ToArray(), new Span<byte>((void*)address, (int)(7 * view.element_size())).ToArray());
        Assert.Null(DeviceMemory.AddressOf(view));
    }
}
