using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>What the blocks of one forward pass share.</summary>
/// <param name="Repeats">R, how often the middle runs in this pass.</param>
/// <param name="Position">The position of the first token: 0, or how many a decoder has seen before.</param>
/// <param name="Stores">Keys and values of each block that has weights, from the input to the output.</param>
/// <param name="Rotary">Turns queries and keys; null for a model without positions.</param>
/// <param name="Attention">Masks and kernel.</param>
/// <param name="Dropout">The pass's dropout.</param>
/// <param name="Trace">Told of intermediate values under the reference's names; null, and then free, outside of parity runs.</param>
internal sealed record Pass(int Repeats, int Position, IReadOnlyList<KeyValueStore> Stores, Rotary? Rotary, CausalAttention Attention,
    DropoutContext Dropout, Action<string, Tensor>? Trace);
