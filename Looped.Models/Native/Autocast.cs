using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Native;

/// <summary>
/// PyTorch's automatic mixed precision: while one is open on a thread, matrix products and attention of that thread compute in bfloat16, and
/// sums, norms and losses in float32. TorchSharp does not bind it, so the C++ functions of <c>at::autocast</c> are called by their mangled names.
/// </summary>
public sealed unsafe class Autocast : IDisposable
{
    private static readonly Lazy<Functions> Found = new(Find);

    private readonly DeviceType _device;
    private readonly bool _before;
    private readonly ScalarType _typeBefore;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private bool _disposed;

    private Autocast(DeviceType device)
    {
        Functions f = Found.Value;
        _device = device;
        _before = f.IsEnabled((sbyte)device) != 0;
        _typeBefore = (ScalarType)f.GetType((sbyte)device);
        f.SetEnabled((sbyte)device, 1);
        f.SetType((sbyte)device, (sbyte)ScalarType.BFloat16);
        f.IncrementNesting();
    }

    private readonly record struct Functions(nint IsEnabledAt, nint SetEnabledAt, nint GetTypeAt, nint SetTypeAt, nint IncrementAt, nint DecrementAt, nint ClearAt)
    {
        public byte IsEnabled(sbyte device) => ((delegate* unmanaged[Cdecl]<sbyte, byte>)IsEnabledAt)(device);

        public void SetEnabled(sbyte device, byte on) => ((delegate* unmanaged[Cdecl]<sbyte, byte, void>)SetEnabledAt)(device, on);

        public sbyte GetType(sbyte device) => ((delegate* unmanaged[Cdecl]<sbyte, sbyte>)GetTypeAt)(device);

        public void SetType(sbyte device, sbyte type) => ((delegate* unmanaged[Cdecl]<sbyte, sbyte, void>)SetTypeAt)(device, type);

        public void IncrementNesting() => ((delegate* unmanaged[Cdecl]<int>)IncrementAt)();

        public int DecrementNesting() => ((delegate* unmanaged[Cdecl]<int>)DecrementAt)();

        public void ClearCache() => ((delegate* unmanaged[Cdecl]<void>)ClearAt)();
    }

    /// <summary>Computes in bfloat16 on a kind of device until disposed, on the same thread.</summary>
    /// <param name="device">CPU or CUDA.</param>
    /// <exception cref="LoopedException">This LibTorch has no automatic mixed precision.</exception>
    public static Autocast BFloat16(DeviceType device) => new(device);

    /// <summary>Goes back to what was before, and forgets the converted weights.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        if (Environment.CurrentManagedThreadId != _thread) throw new InvalidOperationException("An autocast ends on the thread that began it.");
        _disposed = true;
        Functions f = Found.Value;
        if (f.DecrementNesting() == 0) f.ClearCache();
        f.SetType((sbyte)_device, (sbyte)_typeBefore);
        f.SetEnabled((sbyte)_device, (byte)(_before ? 1 : 0));
    }

    private static Functions Find()
    {
        return new(Export("19is_autocast_enabledEN3c1010DeviceTypeE"), Export("20set_autocast_enabledEN3c1010DeviceTypeEb"),
            Export("18get_autocast_dtypeEN3c1010DeviceTypeE"), Export("18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE"),
            Export("17increment_nestingEv"), Export("17decrement_nestingEv"), Export("11clear_cacheEv"));

        nint Export(string name) => TorchExports.Find($"_ZN2at8autocast{name}") ?? throw new LoopedException(
            $"LibTorch {__version__} does not offer automatic mixed precision ({name} is not found). Use the LibTorch that Looped is built with, or set training.precision=float32.");
    }
}
