using System.Runtime.InteropServices;

namespace Looped.Models.Native;

/// <summary>The name of a GPU, from the driver: TorchSharp has no call for it.</summary>
public static unsafe class GpuName
{
    private const string Driver = "libcuda.so.1";

    /// <summary>Such as <c>NVIDIA H100 80GB HBM3</c>; null if there is no driver or no such GPU.</summary>
    /// <param name="device">The GPU as CUDA numbers it in this process.</param>
    public static string? Of(int device)
    {
        if (!NativeLibrary.TryLoad(Driver, out nint driver)) return null;
        var initialise = (delegate* unmanaged[Cdecl]<uint, int>)NativeLibrary.GetExport(driver, "cuInit");
        var find = (delegate* unmanaged[Cdecl]<int*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGet");
        var name = (delegate* unmanaged[Cdecl]<byte*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetName");
        const int Length = 256;
        byte* text = stackalloc byte[Length];
        int handle;
        return initialise(0) == 0 && find(&handle, device) == 0 && name(text, Length, handle) == 0 ? Marshal.PtrToStringUTF8((nint)text) : null;
    }
}
