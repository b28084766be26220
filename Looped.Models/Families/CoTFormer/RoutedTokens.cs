using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Which tokens are still on their way through the repeats, where they stand in the sequence, and the final values of those that have
/// halted. As long as nobody has halted, nothing is gathered and the attention needs no positions.
/// </summary>
internal sealed class RoutedTokens
{
    private readonly Tensor _all;                                   // int64 (B, T), positions
    private readonly List<Tensor> _keyPositions = [];               // int64 (B, n_r), of each repeat so far
    private readonly List<(Tensor Values, Tensor Positions)> _halted = [];
    private readonly int _end;
    private Tensor _active;                                         // int64 (B, n_r), ascending

    /// <summary>Every token of a pass; (B, T, D).</summary>
    public RoutedTokens(Tensor x, Pass pass)
    {
        _end = pass.Position + (int)x.shape[1];
        _active = _all = Range(pass.Position, _end, x.device).expand(x.shape[0], x.shape[1]);
        Like = x;
    }

    private Tensor Like { get; }

    private bool Everybody => _halted.Count == 0;

    /// <summary>The pass as the blocks of repeat <paramref name="repeat"/> (from 0) see it.</summary>
    public Pass Enter(Pass pass, int repeat)
    {
        pass.Trace?.Invoke($"rep{repeat + 1}.positions", _active);
        _keyPositions.Add(_active);
        if (Everybody) return pass;
        Tensor mask = pass.Attention.Mask(_active, cat(_keyPositions, 1), Like);
        return pass with { Active = new ActiveTokens(_active, pass.Rotary?.Turns(_active, _end, Like), mask) };
    }

    /// <summary>Keeps the final values of the tokens that halt here.</summary>
    /// <param name="x">(B, n, D).</param>
    /// <param name="logits">(B, n, 1).</param>
    /// <param name="count">How many go on.</param>
    /// <param name="router">From 0.</param>
    /// <param name="pass">The pass.</param>
    /// <returns>Values and logits of those that go on.</returns>
    public (Tensor X, Tensor Logits) Leave(Tensor x, Tensor logits, int count, int router, Pass pass)
    {
        bool all = count == x.shape[1];
        (Tensor chosen, Tensor halted) = all ? (_all, _all.narrow(1, 0, 0)) : Router.Divide(logits, count);
        if (pass.Trace is { } trace)
        {
            trace($"router{router}.logits", logits);
            trace($"router{router}.is_final", ones_like(_active).scatter(1, all ? Range(0, count, x.device).expand(x.shape[0], count) : chosen, zeros_like(_active)).to(ScalarType.Byte));
        }
        if (!all)
        {
            _halted.Add((Take(x, halted), _active.gather(1, halted)));
            (x, logits, _active) = (Take(x, chosen), logits.gather(1, chosen.unsqueeze(2)), _active.gather(1, chosen));
        }
        pass.Trace?.Invoke($"router{router}.selected", _active);
        return (x, logits);
    }

    /// <summary>The final values of all tokens in the order of their positions, (B, T, D).</summary>
    /// <param name="x">Those of the tokens that never halted.</param>
    public Tensor Gather(Tensor x)
    {
        if (Everybody) return x;
        Tensor positions = cat([.. _halted.Select(h => h.Positions), _active], 1);      // (B, T), each position once
        return Take(cat([.. _halted.Select(h => h.Values), x], 1), argsort(positions, dim: 1));
    }

    private static Tensor Take(Tensor x, Tensor places) =>
        x.gather(1, places.unsqueeze(2).expand(places.shape[0], places.shape[1], x.shape[2]));
}
