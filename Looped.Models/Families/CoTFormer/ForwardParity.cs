using Looped.Models.Evaluation.Parity;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Kind `forward`: logits, loss, average depth, gradients of the loss and intermediate values of one batch.</summary>
internal sealed class ForwardParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        using CoTFormerModel model = CoTFormerReference.Model(vector);
        foreach (ParityCase parity in vector.Cases()) yield return Run(model, parity);
    }

    private static ParityRow Run(CoTFormerModel model, ParityCase parity)
    {
        using var scope = NewDisposeScope();
        bool training = parity.Settings?["mode"]?.GetValue<string>() == "train";
        if (training && model.Config.Dropout > 0) return parity.Fail("a case in training mode with dropout cannot be compared: its masks are not given");

        model.zero_grad();
        model.Given = GivenDraws.Of(parity);
        var order = new TokenOrder(parity);
        Action<string, Tensor>? trace = parity.ExpectsAny("trace.") ? (name, value) => parity.Offer($"trace.{name}", value, file => order.Arrange(name, file)) : null;
        var input = new ModelInput(parity.Given("input.tokens"), parity.Find("input.targets"), training ? RandomStream.Create(0, "parity") : null,
            LengthFactors: training ? null : Factors(model.Config, parity));
        ModelOutput output = model.Forward(input, trace);

        parity.Offer("output.logits", output.Logits);
        if (output.Loss is not null) parity.Offer("output.loss", output.Loss);
        if (parity.Expects("output.cross_entropy_loss") && (output.CrossEntropy ?? output.Loss) is { } crossEntropy)
            parity.Offer("output.cross_entropy_loss", crossEntropy);
        if (output.AverageDepth is { } depth) parity.Offer("output.average_depth", tensor(depth));
        if (output.Loss is not null && parity.ExpectsAny("grad."))
        {
            output.Loss.backward();
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
                if (parameter.grad is { } gradient) parity.Offer($"grad.{name}", gradient);
        }
        return parity.Conclude();
    }

    /// <summary>The factors of an evaluation: a case that states none means 1 everywhere, one that does not mention them those of the configuration.</summary>
    private static IReadOnlyList<double>? Factors(CoTFormerConfig config, ParityCase parity)
    {
        if (!config.Traits().Routed || parity.Settings is not { } settings || !settings.ContainsKey("eval_length_factor")) return null;
        return settings.Reals("eval_length_factor", parity.Vector.Path) ?? LengthFactors.FixedDepth(config.Repeats, config.Repeats);
    }
}
