using Looped.Actors.Collectives.Nccl;
using Looped.Models;
using Looped.Models.Recipes;
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
    /// <param name="library">The one that workers would use; null if none serves.</param>
    /// <param name="problem">Why none serves.</param>
    /// <param name="gpus">GPUs that LibTorch can use.</param>
    public static Finding Nccl(string? library, string? problem, int gpus) => (library, gpus) switch
    {
        ({ } found, _) => Finding.Ok("NCCL", found),
        (null, > 1) => Finding.Warn("NCCL", problem ?? "not found", "several GPU workers need it; docs/gpus.md says where to get it"),
        _ => Finding.Ok("NCCL", "none that serves; only needed for several GPU workers"),
    };

    /// <summary>Sees that a device can be computed on, before anything is begun.</summary>
    /// <param name="device">`cpu`, `cuda` or `cuda:N`.</param>
    /// <param name="name">The key or the option that says so.</param>
    /// <exception cref="UsageException">It is no device, or LibTorch cannot use it.</exception>
    public static void Require(string device, string name = "training.device")
    {
        if (RecipeRules.DeviceProblem(device) is { } problem) throw new UsageException($"{name} {problem}");
        string[] parts = device.Split(':');
        if (parts[0] != "cuda") return;
        int usable = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        int wanted = parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
        if (wanted < usable) return;
        throw new UsageException((usable, HasCudaLibTorch()) switch
        {
            ( > 0, _) => $"{name} is {device}, but LibTorch can use {usable} GPU{(usable == 1 ? "" : "s")} here, counted from 0.",
            (_, true) => $"{name} is {device}, but LibTorch can use no GPU here; `looped doctor` says what is wrong. Choose a node that has one, or set {name}=cpu.",
            _ => $"{name} is {device}, but this build has LibTorch for the CPU alone. Build with -p:TorchBackend=cuda (docs/gpus.md), or set {name}=cpu.",
        });
    }

    /// <summary>Examines this machine.</summary>
    public static IEnumerable<Func<Finding>> Here()
    {
        var usable = new Lazy<int>(() => torch.cuda.is_available() ? torch.cuda.device_count() : 0);
        yield return () => Gpu(OtherProgram.Output("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"), HasCudaLibTorch(), usable.Value);
        yield return () => Nccl(usable.Value);
    }

    private static bool HasCudaLibTorch() =>
        new[] { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native") }
            .Any(folder => File.Exists(Path.Combine(folder, "libtorch_cuda.so")));

    private static Finding Nccl(int gpus)
    {
        try
        {
            return Nccl(NcclLibrary.Load().ToString(), null, gpus);
        }
        catch (LoopedException none)
        {
            return Nccl(null, none.Message, gpus);
        }
    }
}
