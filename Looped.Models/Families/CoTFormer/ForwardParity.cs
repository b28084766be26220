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
        Action<string, Tensor>? trace = parity.ExpectsAny("trace.") ? (name, value) => parity.Offer($"trace.{name}", value) : null;
        RandomStream? random = training ? RandomStream.Create(0, "parity") : null;
        ModelOutput output = model.Forward(new ModelInput(parity.Given("input.tokens"), parity.Find("input.targets"), random), trace);

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
}
