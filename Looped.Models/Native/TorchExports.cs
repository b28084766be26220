using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Looped.Models.Native;

/// <summary>Functions of LibTorch that TorchSharp does not bind, by their mangled C++ names.</summary>
internal static class TorchExports
{
    private const string Library = "libtorch_cpu.so";

    /// <summary>The address of a function; null if this LibTorch has none of that name.</summary>
    /// <param name="name">Its mangled name, such as <c>_ZN2at13globalContextEv</c>.</param>
    public static nint? Find(string name)
    {
        InitializeDeviceType(TorchSharp.DeviceType.CPU);
        return NativeLibrary.TryLoad(Library, out nint torch) && NativeLibrary.TryGetExport(torch, name, out nint address) ? address : null;
    }
}
