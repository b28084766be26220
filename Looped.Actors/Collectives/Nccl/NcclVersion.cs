using System.Globalization;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>A version as <c>ncclGetVersion</c> codes it: major · 10000 + minor · 100 + patch (22705 is 2.27.5).</summary>
/// <param name="Code">The code; releases up to 2.8 used major · 1000.</param>
public readonly record struct NcclVersion(int Code)
{
    /// <summary>The first version with everything that is used: non-blocking communicators and the configuration of 48 bytes.</summary>
    public static NcclVersion Oldest { get; } = new(21800);

    /// <summary>Why this version cannot be used; null if it can. The broken ones are those whose abort is known to hang or to crash.</summary>
    public string? Problem => Code switch
    {
        _ when Code < Oldest.Code => $"NCCL {this} is too old, {Oldest} is the first that serves",
        22501 => $"NCCL {this} cannot abort a communicator, which is a defect of this version",
        >= 22803 and <= 22808 => $"NCCL {this} crashes when a communicator is aborted, a defect that 2.28.9 mends",
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString()
    {
        int unit = Code < 10_000 ? 1000 : 10_000;
        return string.Create(CultureInfo.InvariantCulture, $"{Code / unit}.{Code % unit / 100}.{Code % 100}");
    }
}
