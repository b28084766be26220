using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>Makes the parameters of layers.</summary>
internal static class Parameters
{
    /// <summary>A float32 parameter whose numbers are still to be drawn or loaded; it belongs to its module, not to a dispose scope.</summary>
    public static Parameter Unset(params long[] shape)
    {
        var parameter = new Parameter(empty(shape, dtype: ScalarType.Float32));
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
