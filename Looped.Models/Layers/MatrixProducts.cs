using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>A module in which queries meet keys, so that it costs more than its maps.</summary>
internal interface IAttends
{
    /// <summary>Channels of all heads together.</summary>
    int Width { get; }
}

/// <summary>One run of a module in a forward pass of one sequence.</summary>
/// <param name="Module">What runs. An embedding table counts as the output map that it is tied to: looking a token up multiplies nothing.</param>
/// <param name="Tokens">How many tokens go through its maps and ask as queries.</param>
/// <param name="Keys">How many keys each of them meets, masked ones included.</param>
internal readonly record struct Visit(nn.Module Module, long Tokens, long Keys = 0);

/// <summary>
/// The one place that counts multiply–accumulates, for any family: it walks the modules of each visit and adds the products of its
/// linear maps, q kᵀ and attention · v. Masks are dense; norms, activations and additions do not count (CoTFormer, section 8).
/// </summary>
internal static class MatrixProducts
{
    /// <summary>Multiply–accumulates of some visits.</summary>
    public static long Count(IEnumerable<Visit> visits) => visits.Sum(v => Count(v.Module, v));

    private static long Count(nn.Module module, Visit visit)
    {
        long own = module switch
        {
            Linear map => checked(visit.Tokens * map.Inputs * map.Outputs),
            Embedding table => checked(visit.Tokens * table.Rows * table.Width),
            IAttends attention => checked(2 * visit.Tokens * visit.Keys * attention.Width),
            _ => 0,
        };
        return own + module.children().Sum(child => Count(child, visit));
    }
}
