using System.Text.Json.Nodes;
using Looped.Models.Evaluation;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Native;
using Looped.Models.Objectives;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>
/// Kind `regulariser`: the penalty at the numbers of iterations that the tensors' names end in (`_k2`), its gradients, those of the
/// whole training loss, and the exact Jacobian.
/// </summary>
internal sealed class RegulariserParity : IParityKind
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
        JsonObject settings = parity.Settings ?? parity.Vector.Json;
        int loops = settings.Integer("loops", parity.Vector.Path, absent: model.Config.Loops);
        Tensor tokens = parity.Given("input.input_ids"), targets = StarsReference.Targets(parity.Given("input.labels"));
        Tensor probe = parity.Given("input.probe").to(parity.Vector.Precision);
        Pass pass = model.NewPass(random: null);

        Tensor end;
        using (no_grad()) end = model.Run(model.Embed(tokens, 0, pass), loops, pass).Last;
        StarsParity.Offer(parity, "output.x_end", () => end);
        foreach (int k in StarsParity.Numbers(parity, @"(?:output\.(?:reg_loss|vjp_last)|grad_reg)_k(\d+)(?:\..*)?"))
        {
            model.zero_grad();
            JacobianPenalty penalty = model.Penalty(end, probe, k, pass);
            penalty.Value.backward();
            StarsParity.Offer(parity, $"output.reg_loss_k{k}", () => penalty.Value);
            StarsParity.Offer(parity, $"output.vjp_last_k{k}", () => penalty.Product);
            StarsParity.OfferGradients(parity, model, $"grad_reg_k{k}");
        }

        model.zero_grad();
        ModelOutput output = model.Forward(new(tokens, targets, Loops: loops));
        double weight = model.Config.RegWeight;
        Tensor total = output.Loss!.Times(1 - weight).Plus(model.Penalty(end, probe, model.Config.SpectralIters, pass).Value.Times(weight));
        total.backward();
        StarsParity.Offer(parity, "output.logits", () => output.Logits);
        StarsParity.Offer(parity, "output.loss", () => output.Loss!);
        StarsParity.Offer(parity, "output.total_loss", () => total);
        StarsParity.OfferGradients(parity, model, "grad_total");

        if (parity.ExpectsAny("output.jacobian_"))
        {
            LoopSpectrum exact = LoopSpectrum.Measure(x => model.Loop(x, pass with { Twice = true }), end);
            StarsParity.Offer(parity, "output.jacobian_fro_sq", () => tensor(exact.SquaredFrobenius));
            StarsParity.Offer(parity, "output.jacobian_sigma_max", () => tensor(exact.LargestSingularValue));
            StarsParity.Offer(parity, "output.jacobian_spectral_radius", () => tensor(exact.SpectralRadius));
        }
        return parity.Conclude();
    }
}
