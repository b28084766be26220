using Looped.Models.Native;
using Looped.Models.Recipes;

namespace Looped.Models.Tests;

public class GpuPeakTests
{
    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", Precision.Bfloat16, 989)]
    [InlineData("NVIDIA H100 PCIe", Precision.Bfloat16, 756)]
    [InlineData("NVIDIA A100-SXM4-80GB", Precision.Float32, 19.5)]
    [InlineData("NVIDIA A10G", Precision.Bfloat16, 70)]
    [InlineData("NVIDIA L40S", Precision.Bfloat16, 362)]
    [InlineData("NVIDIA L4", Precision.Float32, 30.3)]
    public void The_longest_known_name_counts(string name, Precision precision, double expected) => Assert.Equal(expected * 1e12, GpuPeak.OperationsPerSecond(name, precision));

    [Theory]
    [InlineData("NVIDIA A100-SXM4-80GB", Precision.Float64)]
    [InlineData("Tesla V100-SXM2-16GB", Precision.Bfloat16)]
    [InlineData("Some Other Card", Precision.Float32)]
    public void What_is_not_known_is_not_guessed(string name, Precision precision) => Assert.Null(GpuPeak.OperationsPerSecond(name, precision));

    [Fact]
    public void A_processor_has_none() => Assert.Null(GpuPeak.OperationsPerSecond(new TrainingRecipe { Device = "cpu" }));
}
