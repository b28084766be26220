using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>The only place that knows how TorchSharp tells an address.</summary>
internal static class DeviceMemory
{
    /// <summary><inheritdoc cref="DeviceAddress"/></summary>
    public static nint? AddressOf(Tensor tensor) => tensor.device_type == DeviceType.CUDA ? FirstElement(tensor) : null;

    /// <summary>The address of the first element, on whatever device; a storage may begin before its view.</summary>
    public static nint FirstElement(Tensor tensor)
    {
        nint address = StorageOf(null, tensor.Handle) + (nint)(tensor.storage_offset() * tensor.element_size());
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>
    /// What <c>tensor.storage&lt;T&gt;().data_ptr()</c> calls. The public way there has no bfloat16, and for a type other than the tensor's it
    /// silently makes a converted copy and gives the address of that.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSStorage_data_ptr")]
    private static extern nint StorageOf([UnsafeAccessorType("TorchSharp.PInvoke.NativeMethods, TorchSharp")] object? natives, nint tensor);
}
