using static TorchSharp.torch;

namespace Looped.Models.Families;

/// <summary>
/// Where a backward pass pauses. A forward pass cuts its graph where the parameters behind the cut are used by nothing before it; the
/// backward pass then runs from cut to cut, and at each the gradients of those parameters are complete and can be reduced while it goes
/// on. No code runs inside LibTorch's backward pass (TorchSharp has no gradient hooks). The gradients are the same to the bit, except where a
/// penalty reaches the weights behind a cut by itself: its part is then added first instead of in between. Belongs to one forward and one backward pass.
/// </summary>
public sealed class BackwardCuts : IDisposable
{
    private readonly SortedDictionary<int, List<(Tensor Before, Tensor After)>> _cuts = [];

    /// <summary>Cuts the graph at one tensor.</summary>
    /// <param name="stage">The index in <see cref="LanguageModel.BackwardStages"/> that is complete when the backward pass comes here.</param>
    /// <param name="x">A tensor through which everything behind the cut is reached, alone or with others of the same stage.</param>
    /// <returns>What to go on with: the same values, of the caller's dispose scope no more; <paramref name="x"/> itself where no gradient is wanted.</returns>
    public Tensor Cut(int stage, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!x.requires_grad) return x;
        Tensor after = x.detach().requires_grad_(true).DetachFromDisposeScope();
        if (!_cuts.TryGetValue(stage, out var cuts)) _cuts[stage] = cuts = [];
        cuts.Add((x.DetachFromDisposeScope(), after));
        return after;
    }

    /// <summary>Differentiates, stage after stage.</summary>
    /// <param name="loss">A scalar that the forward pass gave.</param>
    /// <param name="reached">Told of each stage that the pass cut, from the output to the input, when its gradients and those of all before are complete.</param>
    public void Backward(Tensor loss, Action<int> reached)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(reached);
        loss.backward();
        foreach ((int stage, var cuts) in _cuts)
        {
            reached(stage);
            using var scope = NewDisposeScope();
            (Tensor Root, Tensor? Gradient)[] roots = [.. cuts.Select(cut => (cut.Before, cut.After.grad)).Where(root => root.grad is not null)];
            if (roots.Length > 0) autograd.backward([.. roots.Select(root => root.Root)], [.. roots.Select(root => root.Gradient!)]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor before, Tensor after) in _cuts.Values.SelectMany(cuts => cuts))
        {
            after.grad = null;
            after.Dispose();
            before.Dispose();
        }
    }
}
