using static TorchSharp.torch;

namespace Looped.Models.Checkpoints;

/// <summary>From host memory to LibTorch and back; always a copy, every type bit for bit.</summary>
public static class NamedTensorConversions
{
    /// <summary>A contiguous CPU tensor with the same elements, owned by the caller.</summary>
    public static Tensor ToTensor(this NamedTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Tensor result = empty([.. tensor.Shape], dtype: tensor.Type.ToScalarType());
        if (tensor.Data.Length > 0) tensor.Data.Span.CopyTo(result.bytes);
        return result;
    }

    /// <summary>Copies a tensor of any device, type and layout to host memory.</summary>
    /// <param name="tensor">At most 2 GiB; stays as it is.</param>
    /// <param name="name">The name it gets.</param>
    public static NamedTensor ToNamed(this Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ElementType type = tensor.dtype.ToElementType();
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor host = tensor.detach().cpu().contiguous();
        byte[] data = host.numel() == 0 ? [] : host.bytes.ToArray();
        return new NamedTensor(name, type, tensor.shape, data);
    }
}
