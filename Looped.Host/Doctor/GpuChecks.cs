using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Looped.Host.Doctor;

/// <summary>GPUs and the library that connects them. Neither is needed: training on the CPU is a first-class case.</summary>
internal static class GpuChecks
{
    private const string CudaBuild = "build with `-p:TorchBackend=cuda` (restore, build and run alike) to use it";

    /// <summary>GPUs as the driver and as LibTorch see them.</summary>
    /// <param name="listed">What nvidia-smi lists, a line a GPU; null without a driver.</param>
    /// <param name="cudaBuild">Whether this build has the CUDA LibTorch.</param>
    /// <param name="usable">GPUs that LibTorch can use.</param>
    public static Finding Gpu(string? listed, bool cudaBuild, int usable)
    {
        string[] cards = (listed ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return (cards.Length, usable) switch
        {
            (_, > 0) => Finding.Ok("GPU", $"{usable} usable ({string.Join("; ", cards)}); select it with training.device=cuda"),
            (0, _) when cudaBuild => Finding.Warn("GPU", "none found, though this is a CUDA build", "install the NVIDIA driver, or pass the GPU into the container (--gpus all); the CPU works meanwhile"),
            (0, _) => Finding.Ok("GPU", "none; training runs on the CPU"),
            _ when cudaBuild => Finding.Warn("GPU", $"{string.Join("; ", cards)}, which LibTorch cannot use", "update the NVIDIA driver; CUDA 12.8 came with version 570"),
            _ => Finding.Warn("GPU", $"{string.Join("; ", cards)}, but this build is for the CPU", CudaBuild),
        };
    }

    /// <summary>NCCL, which GPU workers reduce through.</summary>
    /// <param name="version">What <c>ncclGetVersion</c> says; null if the library is not found.</param>
    /// <param name="gpus">GPUs that LibTorch can use.</param>
    public static Finding Nccl(int? version, int gpus) => version switch
    {
        { } v => Finding.Ok("NCCL", VersionText(v)),
        null when gpus > 1 => Finding.Warn("NCCL", "libnccl.so.2 is not found", "several GPU workers need it; install NCCL 2.20 or later and let LD_LIBRARY_PATH find it"),
        null => Finding.Ok("NCCL", "not found; only needed for several GPU workers"),
    };

    /// <summary>22304 → 2.23.4; before 2.9 the digits were 2804 → 2.8.4.</summary>
    internal static string VersionText(int version)
    {
        int unit = version < 10_000 ? 1000 : 10_000;
        return string.Create(CultureInfo.InvariantCulture, $"{version / unit}.{version % unit / 100}.{version % 100}");
    }

    /// <summary>Examines this machine.</summary>
    public static IEnumerable<Func<Finding>> Here()
    {
        var usable = new Lazy<int>(() => torch.cuda.is_available() ? torch.cuda.device_count() : 0);
        yield return () => Gpu(OtherProgram.Output("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"), HasCudaLibTorch(), usable.Value);
        yield return () => Nccl(NcclVersion(), usable.Value);
    }

    private static bool HasCudaLibTorch() =>
        new[] { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native") }
            .Any(folder => File.Exists(Path.Combine(folder, "libtorch_cuda.so")));

    private static unsafe int? NcclVersion()
    {
        if (!NativeLibrary.TryLoad("libnccl.so.2", out IntPtr library))
            return null;
        var getVersion = (delegate* unmanaged[Cdecl]<int*, int>)NativeLibrary.GetExport(library, "ncclGetVersion");
        int version;
        return getVersion(&version) == 0 ? version : null;
    }
}
