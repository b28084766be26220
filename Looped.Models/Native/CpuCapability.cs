using System.Text;

namespace Looped.Models.Native;

/// <summary>Which vector instructions LibTorch's own kernels use in this process; its environment may narrow what the processor offers.</summary>
internal static unsafe class CpuCapability
{
    /// <summary>Such as <c>avx512</c>, <c>avx2</c> or <c>default</c>, as <c>at::get_cpu_capability</c> says; null if this LibTorch does not say.</summary>
    public static string? OfLibTorch()
    {
        if (TorchExports.Find("_ZN2at18get_cpu_capabilityB5cxx11Ev") is not { } address) return null;
        // A std::string comes back through a hidden pointer: text, length, and room for 15 characters, which every answer fits into.
        var text = default(Text);
        ((delegate* unmanaged[Cdecl]<Text*, Text*>)address)(&text);
        return Encoding.ASCII.GetString(text.Characters, (int)text.Length).ToLowerInvariant();
    }

    private struct Text
    {
        public byte* Characters;
        public nuint Length;
        public fixed byte Room[16];
    }
}
