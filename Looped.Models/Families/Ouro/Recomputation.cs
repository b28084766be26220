using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>What is computed again in the backward pass, so that it need not be kept.</summary>
public enum Recompute
{
    /// <summary>Nothing: fastest, and memory grows with the number of steps.</summary>
    None,

    /// <summary>Each step of all layers, from the state before it: about a third slower, and the memory of one step.</summary>
    Step,

    /// <summary>Each layer: about two thirds slower, and the memory of one layer.</summary>
    Layer,
}

/// <summary>
/// Steps whose activations are not kept: only the states between them are, as leaves of their own graphs. What hangs on the states (gate,
/// head, loss) is differentiated first; then <see cref="Backward"/> goes through the steps from the last one and computes each again. No
/// callback out of LibTorch's backward pass is needed, so an error in here is an ordinary exception.
/// </summary>
/// <param name="stack">The layers.</param>
/// <param name="tokens">int64, (B, T).</param>
/// <param name="pass">What the layers share.</param>
/// <param name="layers">Whether the layers of a step are computed one by one.</param>
internal sealed class Recomputation(OuroStack stack, Tensor tokens, Pass pass, bool layers)
{
    private readonly List<Tensor> _states = [];     // h before the first step, then s_0 … s_(n−1); leaves, (B, T, d)

    /// <summary>Runs the steps.</summary>
    /// <param name="steps">n.</param>
    /// <param name="watch">Told what each step does.</param>
    /// <returns>s_0 … s_(n−1), leaves that want a gradient; they belong to the current dispose scope, as everything in here.</returns>
    public IReadOnlyList<Tensor> Forward(int steps, LoopWatch? watch)
    {
        using (no_grad())
        {
            _states.Add(stack.Embed(tokens));
            for (int t = 0; t < steps; t++)
            {
                _states.Add(stack.Step(_states[t], pass));
                watch?.Loop(_states[t], _states[t + 1]);
            }
        }
        foreach (Tensor state in _states) state.requires_grad_(true);
        return _states[1..];
    }

    /// <summary>Hands the states over to the scope outside, for <see cref="Backward"/>.</summary>
    public void Keep()
    {
        foreach (Tensor state in _states) state.MoveToOuterDisposeScope();
        pass.Turns.Cosines.MoveToOuterDisposeScope();
        pass.Turns.Sines.MoveToOuterDisposeScope();
    }

    /// <summary>Adds the gradients of the steps and of the embedding, once what hangs on the states has been differentiated.</summary>
    public void Backward()
    {
        for (int t = _states.Count - 1; t > 0; t--)
        {
            using var scope = NewDisposeScope();
            Tensor? gradient = _states[t].grad;
            if (gradient is null) continue;     // nothing hangs on it
            if (layers) stack.BackwardByLayers(_states[t - 1], gradient, pass);
            else stack.Step(_states[t - 1], pass).backward([gradient]);
            _states[t].grad = null;
        }
        using var last = NewDisposeScope();
        if (_states[0].grad is { } embedded) stack.Embed(tokens).backward([embedded]);
    }
}
