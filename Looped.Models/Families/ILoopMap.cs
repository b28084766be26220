using static TorchSharp.torch;

namespace Looped.Models.Families;

/// <summary>A model whose loop maps a state onto a state and sees nothing else, so that it can be looked at as a dynamical system. In evaluation.</summary>
internal interface ILoopMap
{
    /// <summary>The state before the first loop: int64 (B, T) → (B, T, d).</summary>
    Tensor Begin(Tensor tokens);

    /// <summary>One loop, (B, T, d) → (B, T, d), with second derivatives.</summary>
    Tensor Loop(Tensor state);

    /// <summary>What follows the loops and keeps the state's shape, such as a coda; null where nothing does.</summary>
    Tensor? End(Tensor state);
}
