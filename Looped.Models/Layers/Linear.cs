using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// y = x Wᵀ + b. Unlike TorchSharp's module it makes no draw from the default generator: the weights are unset until the family
/// initializes or loads them.
/// </summary>
internal sealed class Linear : nn.Module<Tensor, Tensor>
{
    // Fields carry the names of the reference checkpoints: TorchSharp registers parameters and replaces them in `to` by field name.
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>A map from <paramref name="inputs"/> to <paramref name="outputs"/> features.</summary>
    public Linear(int inputs, int outputs, bool hasBias) : base(nameof(Linear))
    {
        (Inputs, Outputs) = (inputs, outputs);
        weight = Parameters.Unset(outputs, inputs);
        if (hasBias) bias = Parameters.Unset(outputs);
        RegisterComponents();
    }

    /// <summary>Features it takes.</summary>
    public int Inputs { get; }

    /// <summary>Features it gives.</summary>
    public int Outputs { get; }

    /// <summary>(…, inputs) → (…, outputs).</summary>
    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight, bias);
}
