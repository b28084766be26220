using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>
/// Generation with a cache slot for each step and layer: step t attends to keys of step t alone. Every step runs for every token, whatever
/// the exit rule, so that later tokens find its keys.
/// </summary>
internal sealed class OuroDecoder(OuroModel model, int sequences, int steps) : IDecoder
{
    private readonly KeyValueStore[] _stores = [.. Enumerable.Range(0, model.Config.Layers).Select(_ => new KeyValueStore())];
    private int _position;

    /// <inheritdoc/>
    public Tensor Next(Tensor tokens)
    {
        if (tokens.shape is not [var rows, >= 1] || rows != sequences)
            throw new ArgumentException($"A decoder of {sequences} sequences takes tokens of shape ({sequences}, 1 or more), not ({string.Join(", ", tokens.shape)}).", nameof(tokens));
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = model.Run(tokens, steps, model.NewPass(_position, tokens.shape[1]), _stores);
        _position += (int)tokens.shape[1];
        return model.Logits([.. states.Select(OuroModel.Newest)], model.Config.Exit, model.Config.ExitThreshold).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KeyValueStore store in _stores) store.Dispose();
    }
}
