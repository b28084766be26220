using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Looped.Models.Native;

/// <summary>
/// Makes LibTorch choose kernels whose bits do not depend on the order in which a GPU's threads finish, as PyTorch's
/// <c>use_deterministic_algorithms</c> does. TorchSharp does not bind it, so the C++ functions behind it (class <c>at::Context</c>) are
/// called by their mangled names.
/// </summary>
public static unsafe partial class DeterministicKernels
{
    private const string Lacking = " does not have a deterministic implementation";

    private static readonly Lazy<Switches?> Found = new(Find);

    private sealed record Switches(nint Context, nint Set, nint IsSet, nint SetFill);

    /// <summary>Whether LibTorch uses such kernels only.</summary>
    public static bool AreRequired => Found.Value is { } s && ((delegate* unmanaged[Cdecl]<nint, byte>)s.IsSet)(s.Context) != 0;

    /// <summary>
    /// From here on an operation without a deterministic kernel throws instead of giving bits that cannot be repeated. Call before the first
    /// matrix product on a GPU: cuBLAS reads its workspace size once.
    /// </summary>
    /// <exception cref="LoopedException">This LibTorch has no such switch.</exception>
    public static void Require(bool required = true)
    {
        if (Found.Value is not { } switches)
            throw new LoopedException(
                $"LibTorch {__version__} does not offer deterministic kernels, which training.reduction=exact64 needs on a GPU. " +
                "Use the LibTorch that Looped is built with, or set training.reduction=float32.");
        // The value that cuBLAS documents for repeatable results; what the user has set stays. Native code does not see managed code's copy of the environment.
        SetVariable("CUBLAS_WORKSPACE_CONFIG", ":4096:8", overwrite: 0);
        ((delegate* unmanaged[Cdecl]<nint, byte, byte, void>)switches.Set)(switches.Context, (byte)(required ? 1 : 0), 0);
        // Filling memory that is written before it is read costs time and changes nothing.
        ((delegate* unmanaged[Cdecl]<nint, byte, void>)switches.SetFill)(switches.Context, 0);
    }

    /// <summary>A sentence for people about an error of LibTorch; null unless an operation lacks a deterministic kernel.</summary>
    public static string? Explain(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        int at = error.Message.IndexOf(Lacking, StringComparison.Ordinal);
        return at < 0 ? null
            : $"The model uses {error.Message[..at].Split(' ', '\n')[^1]}, which has no deterministic kernel on this device, so that training.reduction=exact64 cannot keep its promise; " +
              "set training.reduction=float32 to train without it, or training.device=cpu.";
    }

    private static Switches? Find()
    {
        return TorchExports.Find("_ZN2at13globalContextEv") is { } context && TorchExports.Find("_ZN2at7Context26setDeterministicAlgorithmsEbb") is { } set
            && TorchExports.Find("_ZNK2at7Context23deterministicAlgorithmsEv") is { } isSet
            && TorchExports.Find("_ZN2at7Context39setDeterministicFillUninitializedMemoryEb") is { } setFill
            ? new(((delegate* unmanaged[Cdecl]<nint>)context)(), set, isSet, setFill) : null;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
