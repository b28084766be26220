using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>Access to the elements of a contiguous CPU tensor, of any size.</summary>
internal static unsafe class HostMemory
{
    /// <summary>The address of the first element; valid as long as the tensor lives.</summary>
    public static T* Pointer<T>(Tensor tensor) where T : unmanaged
    {
        if (tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous() || tensor.element_size() != sizeof(T))
            throw new ArgumentException($"Expected a contiguous CPU tensor with elements of {sizeof(T)} bytes, not {tensor.dtype} on {tensor.device}.");
        if (tensor.numel() == 0) return null;
        // `bytes` alone is limited to 2 GiB; one element's span is enough to learn where the memory begins.
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}
