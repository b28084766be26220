using Looped.Models.Evaluation;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>Kind `pca`: the states after loops 1 … L of one prompt, after the coda too if there is one, and their principal components.</summary>
internal sealed class TrajectoryParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        using StarsModel model = StarsReference.Model(vector);
        foreach (ParityCase parity in vector.Cases()) yield return Run(model, parity);
    }

    private static ParityRow Run(StarsModel model, ParityCase parity)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor tokens = parity.Given("input.input_ids"), scores = parity.Given("output.trajectory");
        Pass pass = model.NewPass(random: null);
        var states = new List<Tensor>();
        int loops = (int)scores.shape[0] - (model.Config.Coda ? 1 : 0);
        LoopStates end = model.Run(model.Embed(tokens, 0, pass), loops, pass, trace: x => states.Add(x[0]));
        if (model.Config.Coda) states.Add(end.Output[0]);

        Tensor all = stack(states);                                                     // (L, T, d)
        PrincipalComponents components = PrincipalComponents.Of(all.flatten(1), (int)scores.shape[1]);
        StarsParity.Offer(parity, "output.embeddings", () => all);
        // A component's sign is arbitrary: the file's is turned to ours.
        parity.Offer("output.trajectory", components.Scores, file => file * (file * components.Scores.cpu()).sum([0], keepdim: true).sign());
        StarsParity.Offer(parity, "output.explained_variance_ratio", () => components.ExplainedVariance);
        return parity.Conclude();
    }
}
