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
        RequireTokens(tokens, sequences);
        Tensor logits = model.Decode(tokens, _position, _stores, loops);
        _position += (int)tokens.shape[1];
        return logits;
    }

    /// <inheritdoc/>
    public void Dispose() => _stores.Dispose();

    /// <summary>Refuses tokens that are not (B, 1 or more).</summary>
    public static void RequireTokens(Tensor tokens, int sequences)
    {
        if (tokens.shape is not [var rows, >= 1] || rows != sequences)
            throw new ArgumentException($"A decoder of {sequences} sequences takes tokens of shape ({sequences}, 1 or more), not ({string.Join(", ", tokens.shape)}).", nameof(tokens));
    }
}
