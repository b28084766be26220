using Looped.Actors.Collectives.Nccl;
using Looped.Models;

namespace Looped.Actors.Tests.Collectives.Nccl;

[Collection(FakeNcclCollection.Name)]
public class NcclLibraryTests
{
    private static readonly string[] Torch = ["/app/libtorch_cuda.so"];

    /// <summary>Only the named files are there, each with its version.</summary>
    private static NcclLibrary Choose(string? configured, string[] torch, params (string Path, int Version)[] files) =>
        NcclLibrary.Choose(configured, torch, path =>
        {
            (string Path, int Version) file = files.FirstOrDefault(f => f.Path == path);
            FakeNccl.Version = file.Version;
            return file.Path is null ? null : FakeNccl.Nccl;
        });

    [Fact]
    public void The_configured_file_wins_then_the_system_then_LibTorch()
    {
        (string, int)[] files = [("/opt/nccl.so", 22809), ("libnccl.so.2", 22603), ("/app/libtorch_cuda.so", 22705)];
        Assert.Equal("NCCL 2.28.9 from /opt/nccl.so", Choose("/opt/nccl.so", Torch, files).ToString());
        Assert.Equal("NCCL 2.26.3 from libnccl.so.2", Choose(null, Torch, files).ToString());
        Assert.Equal("NCCL 2.27.5 from /app/libtorch_cuda.so", Choose(null, Torch, files[2..]).ToString());
    }

    [Fact]
    public void A_system_library_that_is_too_old_gives_way_to_the_one_in_LibTorch() =>
        Assert.Equal(new NcclVersion(22705), Choose(null, Torch, ("libnccl.so.2", 21602), ("/app/libtorch_cuda.so", 22705)).Version);

    [Fact]
    public void A_configured_file_that_is_missing_is_not_replaced_by_another()
    {
        var error = Assert.Throws<LoopedException>(() => Choose("/opt/nccl.so", Torch, ("libnccl.so.2", 22705)));
        Assert.Equal("/opt/nccl.so, the configured NCCL library, cannot be loaded or is not NCCL; correct the path, or remove it to use libnccl.so.2.", error.Message);
    }

    [Fact]
    public void Without_any_library_the_error_says_what_to_install()
    {
        var error = Assert.Throws<LoopedException>(() => Choose(null, []));
        Assert.Equal("NCCL is not found: neither libnccl.so.2 nor a LibTorch for CUDA is there; install NCCL 2.18.0 or later, or train on CPUs (training.device: cpu), which need none.", error.Message);
    }

    [Theory]
    [InlineData(21705, "NCCL 2.17.5 is too old, 2.18.0 is the first that serves (libnccl.so.2); install another NCCL, the same on every node.")]
    [InlineData(2708, "NCCL 2.7.8 is too old, 2.18.0 is the first that serves (libnccl.so.2); install another NCCL, the same on every node.")]
    [InlineData(22501, "NCCL 2.25.1 cannot abort a communicator, which is a defect of this version (libnccl.so.2); install another NCCL, the same on every node.")]
    [InlineData(22803, "NCCL 2.28.3 crashes when a communicator is aborted, a defect that 2.28.9 mends (libnccl.so.2); install another NCCL, the same on every node.")]
    [InlineData(22808, "NCCL 2.28.8 crashes when a communicator is aborted, a defect that 2.28.9 mends (libnccl.so.2); install another NCCL, the same on every node.")]
    public void A_version_that_cannot_be_used_is_refused_with_the_reason(int version, string message) =>
        Assert.Equal(message, Assert.Throws<LoopedException>(() => Choose(null, [], ("libnccl.so.2", version))).Message);

    [Theory]
    [InlineData(22304, "2.23.4")]
    [InlineData(2804, "2.8.4")]
    public void A_version_reads_as_NVIDIA_writes_it(int code, string text) => Assert.Equal(text, new NcclVersion(code).ToString());

    [Theory]
    [InlineData(21800)]
    [InlineData(22502)]
    [InlineData(22802)]
    [InlineData(22809)]
    [InlineData(23005)]
    public void The_versions_beside_the_broken_ones_serve(int version) => Assert.Null(new NcclVersion(version).Problem);
}
