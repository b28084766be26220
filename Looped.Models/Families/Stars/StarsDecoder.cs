using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>Keys and values of every block; those of a looped layer apart for each loop.</summary>
internal sealed class StarsCaches(int layers) : IDisposable
{
    /// <summary>Of the prelude.</summary>
    public KeyValueStore Prelude { get; } = new();

    /// <summary>Of the looped layers.</summary>
    public IReadOnlyList<KeyValueStore> Layers { get; } = [.. Enumerable.Range(0, layers).Select(_ => new KeyValueStore())];

    /// <summary>Of the coda.</summary>
    public KeyValueStore Coda { get; } = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KeyValueStore store in Layers.Append(Prelude).Append(Coda)) store.Dispose();
    }
}

/// <summary>Generation with caches: a loop only attends to keys of the same loop, so what was stored stays right.</summary>
internal sealed class StarsDecoder(StarsModel model, int sequences, int loops) : IDecoder
{
    private readonly StarsCaches _caches = new(model.Config.Layers);
    private int _position;

    /// <inheritdoc/>
    public Tensor Next(Tensor tokens)
    {
        if (tokens.shape is not [var rows, >= 1] || rows != sequences)
            throw new ArgumentException($"A decoder of {sequences} sequences takes tokens of shape ({sequences}, 1 or more), not ({string.Join(", ", tokens.shape)}).", nameof(tokens));
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        Pass pass = model.NewPass(random: null);
        Tensor x = model.Run(model.Embed(tokens, _position, pass), loops, pass, _caches).Output;
        _position += (int)tokens.shape[1];
        return model.Head(StarsModel.Newest(x)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _caches.Dispose();
}
