using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>
/// Kind `forward`: logits, loss and last state at the numbers of loops that the tensors' names end in (`_L3`), gradients at
/// `grad_loops`, and tokens generated greedily.
/// </summary>
internal sealed partial class ForwardParity : IParityKind
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
        Tensor tokens = parity.Given("input.input_ids"), targets = StarsReference.Targets(parity.Given("input.labels"));
        using (no_grad())
            foreach (int loops in StarsParity.Numbers(parity, @"output\.(?:logits|loss|hidden)_L(\d+)")) Offer(model, parity, tokens, targets, loops);

        int? gradientLoops = parity.Vector.Json["grad_loops"] is null ? null : parity.Vector.Json.Integer("grad_loops", parity.Vector.Path);
        foreach (int loops in StarsParity.Numbers(parity, @"output\.loss_grad_L(\d+)")) gradientLoops = loops;
        if (gradientLoops is { } n)
        {
            model.zero_grad();
            Tensor loss = model.Forward(new(tokens, targets, Loops: n)).Loss!;
            loss.backward();
            StarsParity.Offer(parity, $"output.loss_grad_L{n}", () => loss);
            StarsParity.OfferGradients(parity, model, "grad");
        }
        if (parity.Expects("output.generated_ids")) OfferGenerated(model, parity, tokens, gradientLoops ?? model.Config.Loops);
        return parity.Conclude();
    }

    private static void Offer(StarsModel model, ParityCase parity, Tensor tokens, Tensor targets, int loops)
    {
        ModelOutput output = model.Forward(new(tokens, targets, Loops: loops));
        StarsParity.Offer(parity, $"output.logits_L{loops}", () => output.Logits);
        StarsParity.Offer(parity, $"output.loss_L{loops}", () => output.Loss!);
        Pass pass = model.NewPass(random: null);
        StarsParity.Offer(parity, $"output.hidden_L{loops}", () => model.Run(model.Embed(tokens, 0, pass), loops, pass).Output);
    }

    /// <summary>The description of the field says how many tokens are given and how many loops run.</summary>
    private static void OfferGenerated(StarsModel model, ParityCase parity, Tensor tokens, int loops)
    {
        string description = parity.Vector.Json["fields"]?["output.generated_ids"]?.GetValue<string>() ?? "";
        Match said = Described().Match(description);
        if (!said.Success) throw new LoopedException($"{parity.Vector.Path}: fields.output.generated_ids does not say how many tokens are given.");
        if (said.Groups["loops"].Success) loops = int.Parse(said.Groups["loops"].Value, CultureInfo.InvariantCulture);
        long prompt = long.Parse(said.Groups["prompt"].Value, CultureInfo.InvariantCulture), length = parity.Given("output.generated_ids").shape[1];
        Tensor ids = tokens.narrow(0, 0, 1).narrow(1, 0, prompt);
        using IDecoder decoder = model.StartDecoding(1, loops);
        for (Tensor newest = ids; ids.shape[1] < length; ids = cat([ids, newest], 1)) newest = decoder.Next(newest).argmax(-1).unsqueeze(0);
        parity.Offer("output.generated_ids", ids);
    }

    [GeneratedRegex(@"first (?<prompt>\d+) tokens(?:.*?(?<loops>\d+) loops)?")]
    private static partial Regex Described();
}
