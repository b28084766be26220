using Looped.Models.Families;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// The model's parameters as views of one flat buffer, so that the optimizer, a broadcast and a checkpoint are single passes.
/// Gradients stay outside: LibTorch hands each micro-batch's gradient tensors over without a copy when a parameter has none yet,
/// and a parameter that received none is exactly one that was not touched.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private readonly Parameter[] _parameters;

    /// <summary>Moves the model's parameters into a flat buffer. The model must already have its final element type and device.</summary>
    public FlatParameters(LanguageModel model)
    {
        (string Name, Parameter Parameter)[] named = [.. model.named_parameters()];
        Layout = ParameterLayout.Create(named.Select(p => (p.Name, (IReadOnlyList<long>)p.Parameter.shape, model.Decays(p.Name))));
        Dictionary<string, Parameter> byName = named.ToDictionary(p => p.Name, p => p.Parameter);
        _parameters = [.. Layout.Slots.Select(slot => byName[slot.Name])];

        Values = zeros(Layout.Length, dtype: _parameters[0].dtype, device: _parameters[0].device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            foreach (ParameterSlot slot in Layout.Slots)
            {
                Parameter parameter = _parameters[slot.Index];
                Tensor view = Slice(Values, slot).view([.. slot.Shape]);
                view.copy_(parameter);
                parameter.set_(view);
            }
        }
    }

    /// <summary>Order and place of every parameter.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All parameter values, (Layout.Length).</summary>
    public Tensor Values { get; }

    /// <summary>Takes the gradient of a parameter; the caller disposes it. Null if the backward pass gave it none.</summary>
    public Tensor? TakeGradient(ParameterSlot slot)
    {
        Parameter parameter = _parameters[slot.Index];
        Tensor? gradient = parameter.grad;
        if (gradient is not null) parameter.grad = null;
        return gradient;
    }

    /// <summary>The elements of one parameter in any buffer of this layout, as a flat view owned by the caller.</summary>
    public static Tensor Slice(Tensor buffer, ParameterSlot slot) => buffer.narrow(0, slot.Offset, slot.Length);

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
