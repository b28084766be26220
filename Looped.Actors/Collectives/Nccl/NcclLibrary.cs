using System.Runtime.InteropServices;
using Looped.Models;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>The NCCL of this process: which file won, and its version. All ranks of a communicator need the same version.</summary>
public sealed class NcclLibrary
{
    /// <summary>The name under which the loader knows NCCL.</summary>
    public const string SystemName = "libnccl.so.2";

    private NcclLibrary(NcclApi api, string source, NcclVersion version) => (Api, Source, Version) = (api, source, version);

    /// <summary>The functions.</summary>
    internal NcclApi Api { get; }

    /// <summary>The file that was loaded.</summary>
    public string Source { get; }

    /// <summary>What the library says it is.</summary>
    public NcclVersion Version { get; }

    /// <summary>
    /// Loads NCCL: the configured file and no other, or else the first that serves of the system's and the one that is linked into
    /// LibTorch for CUDA. LibTorch's own copy is never used by TorchSharp, so a second one beside it does no harm.
    /// </summary>
    /// <param name="configured">The path in the configuration; null to search.</param>
    /// <exception cref="LoopedException">None is found, or none serves.</exception>
    public static NcclLibrary Load(string? configured = null) =>
        Choose(configured, TorchFiles.Matching("libtorch_cuda.so"), path => NativeLibrary.TryLoad(path, out nint library) ? NcclApi.From(library) : null);

    /// <summary><inheritdoc cref="Load" path="/summary"/></summary>
    /// <param name="configured">The path in the configuration; null to search.</param>
    /// <param name="torch">LibTorch's libraries for CUDA; empty in a build for the CPU.</param>
    /// <param name="open">Loads a file; null if it is not there or not NCCL.</param>
    internal static NcclLibrary Choose(string? configured, IEnumerable<string> torch, Func<string, NcclApi?> open)
    {
        var unfit = new List<string>();
        foreach (string candidate in configured is null ? torch.Prepend(SystemName) : [configured])
        {
            if (open(candidate) is not { } api) continue;
            NcclVersion version = VersionOf(api);
            if (version.Problem is not { } problem) return new(api, candidate, version);
            unfit.Add($"{problem} ({candidate})");
        }
        throw new LoopedException((configured, unfit) switch
        {
            (_, { Count: > 0 }) => $"{string.Join(", and ", unfit)}; install another NCCL, the same on every node.",
            ({ } path, _) => $"{path}, the configured NCCL library, cannot be loaded or is not NCCL; correct the path, or remove it to use {SystemName}.",
            _ => $"NCCL is not found: neither {SystemName} nor a LibTorch for CUDA is there; install NCCL {NcclVersion.Oldest} or later, or train on CPUs (training.device: cpu), which need none.",
        });
    }

    /// <summary>A table from elsewhere, at a version of its own choice.</summary>
    internal static NcclLibrary Of(NcclApi api, NcclVersion version) => new(api, "a table", version);

    private static unsafe NcclVersion VersionOf(NcclApi api)
    {
        int code;
        return new(api.GetVersion(&code) == NcclResult.Success ? code : 0);
    }

    /// <inheritdoc/>
    public override string ToString() => $"NCCL {Version} from {Source}";
}
