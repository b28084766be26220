using Looped.Models.Native;

namespace Looped.Models.Tests;

[Collection(nameof(AloneInTheProcess))]
public class DeterministicKernelsTests
{
    [Fact]
    public void The_shipped_LibTorch_can_be_told_to_use_deterministic_kernels_only()
    {
        Assert.False(DeterministicKernels.AreRequired);
        DeterministicKernels.Require();
        try
        {
            Assert.True(DeterministicKernels.AreRequired);
        }
        finally
        {
            DeterministicKernels.Require(false);
        }
        Assert.False(DeterministicKernels.AreRequired);
    }

    [Fact]
    public void An_operation_without_a_deterministic_kernel_is_named_with_the_way_out()
    {
        string? sentence = DeterministicKernels.Explain(new InvalidOperationException(
            "scatter_add_cuda_ does not have a deterministic implementation, but you set 'torch.use_deterministic_algorithms(True)'."));
        Assert.StartsWith("The model uses scatter_add_cuda_, which has no deterministic kernel", sentence, StringComparison.Ordinal);
        Assert.Contains("training.reduction=float32", sentence, StringComparison.Ordinal);
        Assert.Null(DeterministicKernels.Explain(new InvalidOperationException("CUDA out of memory")));
    }
}
