using System.Runtime.InteropServices;
using Looped.Models.Native;
using Looped.Models.Optimization;
using static TorchSharp.torch;

namespace Looped.Host.Doctor;

/// <summary>The system below the program: Linux, .NET, LibTorch.</summary>
internal static partial class SoftwareChecks
{
    /// <summary>LibTorch ships for 64-bit x86 Linux with glibc.</summary>
    /// <param name="system">The distribution's name.</param>
    /// <param name="linux">Whether it is Linux.</param>
    /// <param name="architecture">Of the process.</param>
    /// <param name="glibc">Its version; null where there is none.</param>
    public static Finding System(string system, bool linux, Architecture architecture, string? glibc)
    {
        const string remedy = "use 64-bit x86 Linux with glibc, such as Debian 12, Ubuntu 22.04 or RHEL 9, or a container of one";
        string fact = $"{system}, {architecture.ToString().ToLowerInvariant()}, {(glibc is null ? "no glibc" : $"glibc {glibc}")}";
        return linux && architecture == Architecture.X64 && glibc is not null ? Finding.Ok("system", fact) : Finding.Fail("system", fact, remedy);
    }

    /// <summary>The running .NET, and the SDKs that can build the program.</summary>
    /// <param name="runtime">The running version.</param>
    /// <param name="sdks">What <c>dotnet --list-sdks</c> prints; null where there is no such command.</param>
    public static Finding DotNet(Version runtime, string? sdks)
    {
        string[] versions = [.. (sdks ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0])];
        return versions.Any(v => v.StartsWith("10.", StringComparison.Ordinal))
            ? Finding.Ok(".NET", $"runtime {runtime}, SDK {string.Join(", ", versions)}")
            : Finding.Warn(".NET", $"runtime {runtime}, no SDK 10 on the path", "running works; to build Looped, install the .NET 10 SDK");
    }

    /// <summary>Whether LibTorch loads and computes.</summary>
    /// <param name="compute">Computes something and gives LibTorch's version.</param>
    /// <param name="weakened">Whether the copy for an older libstdc++ is in use, afterwards.</param>
    public static Finding LibTorch(Func<string> compute, Func<bool> weakened)
    {
        try
        {
            string version = compute();
            return Finding.Ok("LibTorch", $"{version} loads{(weakened() ? "; this libstdc++ is older than GLIBCXX_3.4.32, a private copy that does not ask for it is used" : "")}");
        }
#pragma warning disable CA1031 // Whatever went wrong is the finding.
        catch (Exception e)
        {
            return Finding.Fail("LibTorch", $"it does not load: {e.GetBaseException().Message}",
                "build again with `dotnet build -c Release`; if that does not help, install libstdc++ of GCC 13 or later and libgomp");
        }
#pragma warning restore CA1031
    }

    /// <summary>The widest vector instructions; LibTorch's kernels and the bits of a result depend on them.</summary>
    public static Finding Processor(string widest) => widest switch
    {
        "avx512" => Finding.Ok("processor", "AVX-512; workers of one run must agree, because AVX2 gives other bits"),
        "avx2" => Finding.Ok("processor", "AVX2; workers of one run must agree, because AVX-512 gives other bits"),
        _ => Finding.Warn("processor", $"LibTorch uses neither AVX-512 nor AVX2 ({widest})", "training works but is several times slower; use a processor of 2013 or later, or pass the host's CPU through to the virtual machine"),
    };

    /// <summary>Examines this machine.</summary>
    public static IEnumerable<Func<Finding>> Here()
    {
        yield return () => System(RuntimeInformation.OSDescription, OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture, GlibcVersion());
        yield return () => DotNet(Environment.Version, OtherProgram.Output("dotnet", "--list-sdks"));
        yield return () => LibTorch(Compute, () => LibTorchLoader.UsedWeakenedCopy);
        yield return () => Processor(NumericsFingerprint.VectorInstructions());
    }

    private static string Compute()
    {
        using Tensor two = ones(2).sum();
        return two.item<float>() == 2 ? __version__ : throw new InvalidOperationException("1 + 1 was not 2.");
    }

    private static string? GlibcVersion() =>
        NativeLibrary.TryLoad("libc.so.6", out IntPtr libc) && NativeLibrary.TryGetExport(libc, "gnu_get_libc_version", out _)
            ? Marshal.PtrToStringUTF8(GnuGetLibcVersion())
            : null;

    [LibraryImport("libc.so.6", EntryPoint = "gnu_get_libc_version")]
    private static partial IntPtr GnuGetLibcVersion();
}
