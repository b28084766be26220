using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Looped.Models.Native;

/// <summary>
/// Makes <c>libLibTorchSharp.so</c> load on hosts whose libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04, RHEL 9).
/// The library asks for the symbol version GLIBCXX_3.4.32 only through an initialisation marker that nothing calls;
/// a private copy with that one requirement marked weak loads everywhere. The hook is reached only after normal loading has failed.
/// </summary>
public static class LibTorchLoader
{
    private const string Library = "LibTorchSharp";
    private const string MissingVersion = "GLIBCXX_3.4.32";

    /// <summary>Dependencies of the library by soname; loaded first, because a copy in another folder no longer finds its neighbours.</summary>
    private static readonly string[] Neighbours =
        ["libc10.so", "libc10_cuda.so", "libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so"];

    private static int _installed;

    /// <summary>True once the weakened copy was loaded, for <c>doctor</c> and tests.</summary>
    public static bool UsedWeakenedCopy { get; private set; }

    /// <summary>
    /// Puts the hook in place. Any use of this assembly has already done so; an assembly that may touch TorchSharp
    /// before it touches this one (a test, a benchmark) calls this first.
    /// </summary>
    public static void Prepare() => Install();

#pragma warning disable CA2255 // The hook must be in place before any other code of this assembly touches TorchSharp.
    [ModuleInitializer]
    internal static void Install()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref _installed, 1) == 0)
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Resolve(name);
    }
#pragma warning restore CA2255

    private static IntPtr Resolve(string name)
    {
        if (name != Library || Locate() is not { } source) return IntPtr.Zero;
        byte[] image = File.ReadAllBytes(source);
        if (ElfVersions.MakeWeak(image, MissingVersion) == 0) return IntPtr.Zero;

        string folder = Path.GetDirectoryName(source)!;
        foreach (string neighbour in Neighbours.Select(n => Path.Combine(folder, n)).Where(File.Exists))
            NativeLibrary.Load(neighbour);

        // A private folder (mode 0700): in a shared temporary folder nobody else can put a file in our way.
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("looped-native-");
        try
        {
            string copy = Path.Combine(temporary.FullName, $"lib{Library}.so");
            File.WriteAllBytes(copy, image);
            IntPtr handle = NativeLibrary.Load(copy);
            UsedWeakenedCopy = true;
            return handle;
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    private static string? Locate()
    {
        string file = $"lib{Library}.so";
        string rid = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        return new[] { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native") }
            .Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }
}
