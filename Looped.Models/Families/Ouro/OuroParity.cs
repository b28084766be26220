using System.Globalization;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>
/// Kind `ouro`: states and gates of every step, the exit distribution, logits by every exit rule (the step or the threshold stands at the
/// end of a name), losses, gradients of the training loss, and decoding with caches against the whole forward.
/// </summary>
internal sealed class OuroParity : IParityKind
{
    private const string Step = "output.logits_exit_step", Threshold = "output.logits_threshold_", Exits = "output.exit_steps_";

    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        using OuroModel model = OuroReference.Model(vector);
        foreach (ParityCase parity in vector.Cases()) yield return Run(model, parity);
    }

    private static ParityRow Run(OuroModel model, ParityCase parity)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = parity.Given("input.input_ids");
        int steps = parity.Settings?["total_ut_steps"]?.GetValue<int>() ?? model.Config.Loops;
        model.zero_grad();
        IReadOnlyList<Tensor> states = model.Run(tokens, steps, model.NewPass(0, tokens.shape[1]));
        Tensor gates = model.Gates(states), probabilities = ExitDistribution.Of(gates);
        Offer("output.step_hidden", () => stack(states));
        Offer("output.gate_logits", () => gates);
        Offer("output.exit_pdf", () => probabilities);
        Tensor answer = model.Logits(states, ExitRule.Threshold, model.Config.ExitThreshold);
        Offer("output.logits_default", () => answer);
        foreach (string name in Named(Step)) Offer(name, () => Last(states.Take(1 + int.Parse(name[Step.Length..], CultureInfo.InvariantCulture))));
        foreach (string name in Named(Threshold)) Offer(name, () => model.Logits(states, ExitRule.Threshold, Number(name[Threshold.Length..])));
        foreach (string name in Named(Exits)) Offer(name, () => ExitDistribution.FirstAbove(probabilities, Number(name[Exits.Length..])));

        Tensor expected = model.Logits(states, ExitRule.Weighted, threshold: 1);
        Offer("output.logits_expected", () => expected);
        if (parity.Find("input.labels") is { } labels)
        {
            Tensor targets = OuroReference.Targets(labels), loss = OuroModel.CrossEntropy(expected, targets);
            Offer("output.loss_expected", () => loss);
            Offer("output.loss_last", () => OuroModel.CrossEntropy(Last(states), targets));
            Offer("output.loss_per_step", () => stack(states.Select((_, t) => OuroModel.CrossEntropy(Last(states.Take(t + 1)), targets))));
            loss.backward();
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
                Offer($"grad.{name}", () => parameter.grad ?? zeros_like(parameter));
        }
        if (parity.Vector.Json["cached_decode_max_abs_diff"] is not null)
        {
            double largest = answer.abs().max().to(ScalarType.Float64).item<double>();
            parity.Compare("decoding with caches, against the largest logit", largest + Decoded(model, tokens, steps, answer), largest);
        }
        return parity.Conclude();

        Tensor Last(IEnumerable<Tensor> some) => model.Logits([.. some], ExitRule.Last, threshold: 1);

        string[] Named(string prefix) => [.. parity.Vector.Tensors.Keys.Where(parity.Owns).Select(n => n[parity.Prefix.Length..])
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))];

        void Offer(string name, Func<Tensor> value)
        {
            if (parity.Expects(name)) parity.Offer(name, value());
        }
    }

    private static double Decoded(OuroModel model, Tensor tokens, int steps, Tensor whole)
    {
        using IDecoder decoder = model.StartDecoding((int)tokens.shape[0], steps);
        return Enumerable.Range(0, (int)tokens.shape[1])
            .Max(t => (decoder.Next(tokens.narrow(1, t, 1)) - whole.detach().select(1, t)).abs().max().to(ScalarType.Float64).item<double>());
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
