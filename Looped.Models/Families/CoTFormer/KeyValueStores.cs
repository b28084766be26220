using System.Collections;
using Looped.Models.Layers;

namespace Looped.Models.Families.CoTFormer;

/// <summary>The keys and values of every block that has weights, from the input to the output.</summary>
internal sealed class KeyValueStores(int layers) : IReadOnlyList<KeyValueStore>, IDisposable
{
    private readonly KeyValueStore[] _stores = [.. Enumerable.Range(0, layers).Select(_ => new KeyValueStore())];

    /// <inheritdoc/>
    public KeyValueStore this[int index] => _stores[index];

    /// <inheritdoc/>
    public int Count => _stores.Length;

    /// <inheritdoc/>
    public IEnumerator<KeyValueStore> GetEnumerator() => _stores.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KeyValueStore store in _stores) store.Dispose();
    }
}
