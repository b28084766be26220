namespace Looped.Models.Families.CoTFormer;

/// <summary>Arithmetic of the looped variants' depth.</summary>
internal static class Looping
{
    /// <summary>Repeats to run: as asked, else as configured.</summary>
    public static int Repeats(CoTFormerConfig config, int? loops) => loops switch
    {
        null => config.Repeats,
        >= 1 => loops.Value,
        _ => throw new LoopedException($"A CoTFormer cannot run {loops} loops; ask for 1 or more."),
    };

    /// <summary>Blocks that every token passes: L_b + R · L_m + L_e.</summary>
    public static double Depth(CoTFormerConfig config, int repeats) =>
        config.LayersBegin + (double)repeats * config.MiddleLayers() + config.LayersEnd;
}
