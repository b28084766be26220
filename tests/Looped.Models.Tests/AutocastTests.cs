using Looped.Models.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Tests;

public class AutocastTests
{
    [Fact]
    public void Products_are_in_bfloat16_inside_and_in_float32_outside_and_sums_stay_in_float32()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand(4, 4), b = rand(4, 4);
        using (Autocast.BFloat16(DeviceType.CPU))
        {
            Assert.Equal(ScalarType.BFloat16, a.matmul(b).dtype);
            using (Autocast.BFloat16(DeviceType.CPU)) Assert.Equal(ScalarType.BFloat16, a.matmul(b).dtype);
            Assert.Equal(ScalarType.BFloat16, a.matmul(b).dtype);
            Tensor targets = tensor(new long[] { 0, 1, 2, 3 });
            Assert.Equal(ScalarType.Float32, nn.functional.cross_entropy(a.matmul(b), targets).dtype);
        }
        Assert.Equal(ScalarType.Float32, a.matmul(b).dtype);
    }

    [Fact]
    public void Another_thread_is_not_affected()
    {
        using Autocast mixed = Autocast.BFloat16(DeviceType.CPU);
        ScalarType there = ScalarType.BFloat16;
        var thread = new Thread(() =>
        {
            using var scope = NewDisposeScope();
            there = rand(2, 2).matmul(rand(2, 2)).dtype;
        });
        thread.Start();
        thread.Join();
        Assert.Equal(ScalarType.Float32, there);
    }
}
