using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Tests;

public class NativeLoadingTests
{
    private static string LibTorchSharp() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();

    [Fact]
    public void LibTorch_loads_and_computes_on_this_host()
    {
        using Tensor two = ones(2).sum();
        Assert.Equal(2f, two.item<float>());
    }

    [Fact]
    public void Exactly_one_requirement_is_weakened_and_nothing_else_changes()
    {
        byte[] original = File.ReadAllBytes(LibTorchSharp()), image = [.. original];

        Assert.Equal(1, ElfVersions.MakeWeak(image, "GLIBCXX_3.4.32"));

        int[] changed = [.. Enumerable.Range(0, image.Length).Where(i => image[i] != original[i])];
        int only = Assert.Single(changed);
        Assert.Equal(original[only] | 2, image[only]);
    }

    [Fact]
    public void An_unknown_version_or_a_damaged_file_is_left_alone()
    {
        byte[] original = File.ReadAllBytes(LibTorchSharp()), image = [.. original];
        Assert.Equal(0, ElfVersions.MakeWeak(image, "GLIBCXX_9.9.99"));
        Assert.Equal(original, image);

        foreach (int length in new[] { 0, 3, 63, 64, 200, 4096 })
        {
            byte[] cut = original[..length];
            Assert.Equal(0, ElfVersions.MakeWeak(cut, "GLIBCXX_3.4.32"));
            Assert.Equal(original[..length], cut);
        }
    }
}
