using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Looped.Models.Native;
using Looped.Models.Recipes;

namespace Looped.Models.Optimization;

/// <summary>
/// What the bits of a result depend on beyond the recipe: measured to be the thread count, the instruction set and library versions,
/// and not the process, the order of work or memory alignment. Workers of one run must agree on it.
/// </summary>
/// <param name="LibTorch">Version of LibTorch.</param>
/// <param name="Numerics">Version of Looped's own arithmetic; raised when a change alters bits.</param>
/// <param name="InstructionSet">The vector instructions that LibTorch uses.</param>
/// <param name="Threads">Threads of one worker's tensor operations.</param>
/// <param name="Device">Kind of device: <c>cpu</c> or the GPU's name.</param>
/// <param name="Precision">Arithmetic of the model.</param>
/// <param name="Trial">
/// SHA-256 of the gradient sums of the run's first micro-batch at its first weights, which is the arithmetic itself and not what is known of it; null where none was computed.
/// </param>
public sealed record NumericsFingerprint(
    string LibTorch, int Numerics, string InstructionSet, int Threads, string Device, string Precision, string? Trial = null)
{
    /// <summary>The current version of Looped's own arithmetic.</summary>
    public const int CurrentNumerics = 2;

    /// <summary>The fingerprint of this process under a recipe.</summary>
    public static NumericsFingerprint Current(TrainingRecipe training)
    {
        ArgumentNullException.ThrowIfNull(training);
        return new NumericsFingerprint(TorchSharp.torch.__version__, CurrentNumerics, VectorInstructions(), training.Threads, KindOf(training.Device),
            training.Precision.ToString().ToLowerInvariant());
    }

    /// <summary>Two kinds of GPU choose different kernels, so a GPU is known by its name; which one of a machine it is does not matter.</summary>
    private static string KindOf(string device)
    {
        string[] parts = device.Split(':');
        return parts[0] == "cpu" ? parts[0] : GpuName.Of(parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) ?? parts[0];
    }

    /// <summary>The vector instructions that LibTorch uses in this process.</summary>
    public static string VectorInstructions() => CpuCapability.OfLibTorch() ?? (
        Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? "avx512"
        : Avx2.IsSupported ? "avx2"
        : RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());

    /// <summary>One line with all of it.</summary>
    public string Describe() => $"LibTorch {LibTorch}, numerics {Numerics}, {InstructionSet}, {Threads} threads, {Device}, {Precision}";

    /// <summary>What differs, as readable pairs; empty if nothing does. A trial differs only from another.</summary>
    public IReadOnlyList<string> Differences(NumericsFingerprint other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (string Name, object Mine, object Theirs)[] all =
        [
            ("LibTorch", LibTorch, other.LibTorch), ("numerics version", Numerics, other.Numerics),
            ("instruction set", InstructionSet, other.InstructionSet), ("threads", Threads, other.Threads),
            ("device", Device, other.Device), ("precision", Precision, other.Precision),
        ];
        string[] named = [.. all.Where(d => !Equals(d.Mine, d.Theirs)).Select(d => $"{d.Name} {d.Mine} → {d.Theirs}")];
        // What has a name explains the trial, and says more.
        return named.Length == 0 && Trial is not null && other.Trial is not null && Trial != other.Trial
            ? [$"the first micro-batch gives other gradients, {Trial[..8]} → {other.Trial[..8]}: look for other processors, and for ATEN_, MKL_ and OMP_ variables in the environment"]
            : named;
    }
}
