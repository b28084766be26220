using Looped.Models.Layers;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>What the blocks of one forward pass share.</summary>
/// <param name="Repeats">R, how often the middle runs in this pass.</param>
/// <param name="Position">The position of the first token: 0, or how many a decoder has seen before.</param>
/// <param name="SeesEarlierRepeats">Whether a token attends to the keys of the repeats before its own, too.</param>
/// <param name="Stores">Keys and values of each block that has weights, from the input to the output.</param>
/// <param name="Rotary">Turns queries and keys; null for a model without positions.</param>
/// <param name="Attention">Masks and kernel.</param>
/// <param name="Dropout">The pass's dropout.</param>
/// <param name="Random">The micro-batch's stream; null in evaluation.</param>
/// <param name="Factors">Adaptive variants: the share of tokens that enters each repeat after the first; empty elsewhere.</param>
/// <param name="Trace">Told of intermediate values under the reference's names; null, and then free, outside of parity runs.</param>
/// <param name="Watch">Told what each repeat does to the hidden state; null for nobody.</param>
/// <param name="Cuts">Where the backward pass is to pause; null for nowhere.</param>
internal sealed record Pass(int Repeats, int Position, bool SeesEarlierRepeats, IReadOnlyList<KeyValueStore> Stores, Rotary? Rotary,
    CausalAttention Attention, DropoutContext Dropout, RandomStream? Random, IReadOnlyList<double> Factors, Action<string, Tensor>? Trace, LoopWatch? Watch = null, BackwardCuts? Cuts = null)
{
    /// <summary>The tokens the blocks are given, where these are not consecutive ones from <see cref="Position"/> on.</summary>
    public ActiveTokens? Active { get; init; }

    /// <summary>What a token sees beside its own repeat: where some tokens have halted, repeats hold different ones and cannot be joined by position.</summary>
    public EarlierRepeats Earlier => !SeesEarlierRepeats ? EarlierRepeats.None : Active is null ? EarlierRepeats.ByPosition : EarlierRepeats.ByRepeat;

    /// <summary>The repeats among the keys that a token of this repeat (from 0) sees.</summary>
    public int RepeatsSeen(int repeat) => SeesEarlierRepeats ? repeat + 1 : 1;

    /// <summary>Turns queries or keys, (B, t, heads, h), by the positions of their tokens.</summary>
    public Tensor Turn(Tensor x) =>
        Rotary is null ? x : Layers.Rotary.Rotate(x, Active?.Turns ?? Rotary.Turns(Position, x.shape[1], x));

    /// <summary>Attention of the pass's tokens, (B, t, H, h), to keys and values of a repeat and all it sees; (B, t, D).</summary>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, int repeat) => Active is { } active
        ? CausalAttention.Attend(queries, keys, values, active.Mask)
        : Attention.Attend(queries, keys, values, RepeatsSeen(repeat));
}

/// <summary>The tokens that a repeat of an adaptive model works on, when these are not all.</summary>
/// <param name="Positions">int64, (B, n), ascending in each sequence.</param>
/// <param name="Turns">The rotary turns of these positions; null for a model without.</param>
/// <param name="Mask">(B, 1, n, S): what they may see of the keys of this and all earlier repeats.</param>
internal sealed record ActiveTokens(Tensor Positions, Tensor? Turns, Tensor Mask);
