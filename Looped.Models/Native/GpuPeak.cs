using Looped.Models.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Native;

/// <summary>
/// Peak rates of GPUs as their makers publish them: dense, without sparsity; bfloat16 on matrix units, float32 on the ordinary ones, because
/// LibTorch uses TF32 only where it is asked to.
/// </summary>
public static class GpuPeak
{
    // The first name that the driver's name contains counts, so longer ones come first. 10¹² operations per second: bfloat16, float32.
    private static readonly (string Name, double BFloat16, double Float32)[] Known =
    [
        ("H100 PCIe", 756, 51.2), ("H100 NVL", 835, 60), ("H100", 989, 66.9), ("H200", 989, 66.9), ("GH200", 989, 66.9),
        ("A100", 312, 19.5), ("A10G", 70, 35), ("A10", 125, 31.2), ("A40", 149.7, 37.4), ("A6000", 154.8, 38.7),
        ("L40S", 362, 91.6), ("L40", 181, 90.5), ("L4", 121, 30.3),
        ("RTX 4090", 165.2, 82.6), ("RTX 3090", 71, 35.6), ("V100-PCIE", 0, 14), ("V100", 0, 15.7), ("Tesla T4", 0, 8.1),
    ];

    /// <summary>Operations per second of the device that a recipe trains on, in its precision; null where that is not known, as for every CPU.</summary>
    public static double? OperationsPerSecond(TrainingRecipe training)
    {
        ArgumentNullException.ThrowIfNull(training);
        var device = new Device(training.Device);
        return device.type == DeviceType.CUDA && GpuName.Of(Math.Max(device.index, 0)) is { } name ? OperationsPerSecond(name, training.Precision) : null;
    }

    /// <summary>Operations per second of a GPU; null where that is not known.</summary>
    /// <param name="name">The driver's name, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
    /// <param name="precision">What matrix products are computed in.</param>
    public static double? OperationsPerSecond(string name, Precision precision)
    {
        ArgumentNullException.ThrowIfNull(name);
        (string, double BFloat16, double Float32) found = Known.FirstOrDefault(gpu => name.Contains(gpu.Name, StringComparison.Ordinal));
        double peak = precision switch { Precision.Bfloat16 => found.BFloat16, Precision.Float32 => found.Float32, _ => 0 };
        return peak > 0 ? peak * 1e12 : null;
    }
}
