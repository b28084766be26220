using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Generation with caches. A token at position t in repeat r needs the keys of repeats 1 … r of the positions up to t, all of which
/// earlier calls have stored, so decoding gives what a forward over the whole sequence gives.
/// </summary>
internal sealed class CoTFormerDecoder(CoTFormerModel model, int sequences, int? loops) : IDecoder
{
    private readonly KeyValueStores _stores = new(model.Config.Layers);
    private int _position;

    /// <inheritdoc/>
    public Tensor Next(Tensor tokens)
    {
        long[] shape = tokens.shape;
        if (shape.Length != 2 || shape[0] != sequences || shape[1] < 1)
            throw new ArgumentException($"A decoder of {sequences} sequences takes tokens of shape ({sequences}, 1 or more), not ({string.Join(", ", shape)}).", nameof(tokens));
        Tensor logits = model.Decode(tokens, _position, _stores, loops);
        _position += (int)shape[1];
        return logits;
    }

    /// <inheritdoc/>
    public void Dispose() => _stores.Dispose();
}
