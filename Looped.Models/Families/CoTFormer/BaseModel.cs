using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>`base`: L blocks in sequence (section 3.1).</summary>
internal sealed class BaseModel : CoTFormerModel
{
    private readonly Transformer transformer;

    /// <summary>The model with unset weights.</summary>
    public BaseModel(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        transformer = new Transformer(config, vocabularySize);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Transformer Transformer => transformer;

    /// <inheritdoc/>
    protected override Hidden Run(Tensor x, Pass pass) => new(transformer.All(x, pass), AverageDepth: null);

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors) => transformer.VisitAll(tokens);

    /// <inheritdoc/>
    protected override int Repeats(int? loops) => loops is null or 1
        ? 1
        : throw new LoopedException($"The variant base runs every layer once, so it cannot run {loops} loops; leave the number of loops out.");
}
