using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>The routers' weights for many tokens.</summary>
internal static class RouterSample
{
    /// <summary>The model as one with routers; null if it has none.</summary>
    public static RoutedModel? Routed(LanguageModel model) => model is RoutedModel { Config.Repeats: > 1 } routed ? routed : null;

    /// <summary>The weights of each router by token, before any minimum is taken: float32 on the CPU, (R − 1, N, T).</summary>
    /// <param name="model">An adaptive model.</param>
    /// <param name="batches">N sequences in all, of equal length.</param>
    /// <param name="progress">Called with the sequences done so far.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <exception cref="LoopedException">There was no batch.</exception>
    public static Tensor Raw(RoutedModel model, IEnumerable<MicroBatch> batches, Action<long>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        Device device = model.parameters().First().device;
        var parts = new List<Tensor>();
        long sequences = 0;
        foreach (MicroBatch batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            Tensor tokens = tensor(batch.Tokens, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length).to(device);
            using Autocast? mixed = model.EnterPrecision();
            parts.Add(RouterWeights.Raw(model, tokens).to(ScalarType.Float32).cpu().MoveToOuterDisposeScope());     // (R − 1, B, T)
            progress?.Invoke(sequences += batch.Sequences);
        }
        if (parts.Count == 0) throw new LoopedException("There is no sequence to ask the routers about.");
        return cat(parts, 1).MoveToOuterDisposeScope();
    }
}
