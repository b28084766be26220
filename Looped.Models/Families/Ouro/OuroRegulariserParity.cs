using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Objectives;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>
/// Kind `ouro_regulariser`: the penalty on one step at a given state. Names may end in the number of iterations (`reg_loss_k2`); those
/// that do not take `spectral_iters`, or 1.
/// </summary>
internal sealed partial class OuroRegulariserParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        // The gate, the embedding and the head play no part in it.
        using OuroModel model = OuroReference.Model(vector, optional: name => !OuroNames.IsOfAStep(name));
        foreach (ParityCase parity in vector.Cases()) yield return Run(model, parity);
    }

    private static ParityRow Run(OuroModel model, ParityCase parity)
    {
        using var scope = NewDisposeScope();
        Tensor end = parity.Given("input.x_end").to(parity.Vector.Precision), probe = parity.Given("input.probe").to(parity.Vector.Precision);
        Pass pass = model.NewPass(0, end.shape[1]);
        if (parity.Expects("output.one_step"))
            using (no_grad()) parity.Offer("output.one_step", model.Step(end, pass));

        IEnumerable<string> suffixes = parity.Vector.Tensors.Keys.Where(parity.Owns)
            .Select(name => Iterations().Match(name[parity.Prefix.Length..])).Where(m => m.Success).Select(m => m.Groups["k"].Value).Distinct();
        foreach (string suffix in suffixes.ToArray())
        {
            int k = suffix == "" ? model.Config.SpectralIters : int.Parse(suffix[2..], CultureInfo.InvariantCulture);
            model.zero_grad();
            JacobianPenalty penalty = model.Penalty(end, probe, k, pass);
            penalty.Value.backward();
            Offer($"output.reg_loss{suffix}", () => penalty.Value);
            Offer($"output.vjp{suffix}", () => penalty.Product);
            Offer($"output.vjp_last{suffix}", () => penalty.Product);
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            {
                Tensor Gradient() => parameter.grad ?? zeros_like(parameter);
                Offer(suffix == "" ? $"grad.{name}" : $"grad{suffix}.{name}", Gradient);
                Offer($"grad_reg{suffix}.{name}", Gradient);
            }
        }
        return parity.Conclude();

        void Offer(string name, Func<Tensor> value)
        {
            if (parity.Expects(name)) parity.Offer(name, value());
        }
    }

    [GeneratedRegex(@"^output\.(?:reg_loss|vjp|vjp_last)(?<k>|_k\d+)$")]
    private static partial Regex Iterations();
}
