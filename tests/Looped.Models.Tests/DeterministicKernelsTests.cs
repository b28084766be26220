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
}
