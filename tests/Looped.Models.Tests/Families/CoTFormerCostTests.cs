using CsCheck;
using Looped.Models.Families.CoTFormer;
using static Looped.Models.Tests.Families.CoTFormers;

namespace Looped.Models.Tests.Families;

/// <summary>Counting by walking the modules gives the closed forms of the specification (section 8).</summary>
public class CoTFormerCostTests
{
    private static readonly Gen<(CoTFormerConfig Config, int Tokens)> Cases =
        from heads in Gen.Int[1, 3]
        from half in Gen.Int[1, 4]
        from begin in Gen.Int[0, 2]
        from middle in Gen.Int[1, 3]
        from end in Gen.Int[0, 2]
        from repeats in Gen.Int[1, 4]
        from tokens in Gen.Int[1, 20]
        select (Small with { Heads = heads, Width = heads * half * 2, Layers = begin + middle + end, LayersBegin = begin, LayersEnd = end, Repeats = repeats }, tokens);

    private static long Counted(CoTFormerConfig config, int tokens, IReadOnlyList<double>? factors = null)
    {
        using var model = (CoTFormerModel)Create(config);
        return model.MultiplyAccumulates(tokens, null, factors);
    }

    private static long Linear(CoTFormerConfig c) => 12L * c.Width * c.Width;

    private static long Attention(CoTFormerConfig c, long queries, long keys) => 2 * queries * keys * c.Width;

    private static long Reserved(CoTFormerConfig c, long t) => (long)Vocabulary * c.Width + (c.LayersBegin + c.LayersEnd) * (t * Linear(c) + Attention(c, t, t));

    [Fact]
    public void Fixed_depths() => Cases.Sample((c, t) =>
    {
        long r = c.Repeats;
        Assert.Equal((long)Vocabulary * c.Width + c.Layers * (t * Linear(c) + Attention(c, t, t)), Counted(c with { Variant = "base", LayersBegin = 0, LayersEnd = 0 }, t));
        Assert.Equal(Reserved(c, t) + r * c.MiddleLayers() * (t * Linear(c) + Attention(c, t, t)), Counted(c with { Variant = "but" }, t));
        long growing = Reserved(c, t) + c.MiddleLayers() * (r * t * Linear(c) + (long)t * t * c.Width * r * (r + 1));
        Assert.Equal(growing, Counted(c with { Variant = "cotformer" }, t));
        Assert.Equal(growing, Counted(c with { Variant = "ln_cotformer" }, t));
    }, iter: 30, threads: 1);

    [Fact]
    public void Depths_by_token() => Gen.Select(Cases, Gen.Double[0, 1].Array[3]).Sample((sized, shares) =>
    {
        (CoTFormerConfig c, int t) = sized;
        double[] factors = [.. shares.Take(c.Repeats - 1).OrderDescending()];
        IReadOnlyList<int> n = LengthFactors.Counts(t, factors);
        long adm = Reserved(c, t), but = Reserved(c, t);
        for (int r = 0; r < c.Repeats; r++)
        {
            bool routed = r < c.Repeats - 1;
            adm += c.MiddleLayers() * (n[r] * Linear(c) + Attention(c, n[r], n.Take(r + 1).Sum())) + (routed ? (long)n[r] * c.Width : 0);
            but += c.MiddleLayers() * (n[r] * Linear(c) + Attention(c, n[r], t)) + (routed ? (long)t * c.Width : 0);
        }
        Assert.Equal(adm, Counted(c with { Variant = "adm" }, t, factors));
        Assert.Equal(but, Counted(c with { Variant = "adaptive_but" }, t, factors));
    }, iter: 30, threads: 1);

    [Fact]
    public void Halting_and_pondering_add_their_gate_and_heads() => Cases.Sample((c, t) =>
    {
        long r = c.Repeats, d = c.Width, block = t * Linear(c) + Attention(c, t, t);
        Assert.Equal(Reserved(c, t) + r * c.MiddleLayers() * block + r * t * (d * d + 2 * d), Counted(c with { Variant = "but_halting" }, t));
        Assert.Equal(Reserved(c, t) + (r * c.MiddleLayers() + (r - 1) * c.LayersEnd) * block + r * t * d, Counted(c with { Variant = "pondernet" }, t));
    }, iter: 30, threads: 1);
}
