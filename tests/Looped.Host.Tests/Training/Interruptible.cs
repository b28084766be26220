using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Looped.Host.Tests.Training;

/// <summary>
/// A shell starts what it puts into the background with SIGINT ignored, and so do all that come from it. The programs under test would
/// then be deaf to Ctrl-C, as they should; these tests are about those that are not.
/// </summary>
internal static class Interruptible
{
    private const int SigInt = 2;

    private const nint Default = 0, Ignore = 1;

    [ModuleInitializer]
    internal static void HearCtrlC()
    {
        if (!OperatingSystem.IsLinux()) return;
        nint before = Signal(SigInt, Default);
        if (before != Ignore) _ = Signal(SigInt, before);
    }

    [DllImport("libc", EntryPoint = "signal")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Signal(int signal, nint handler);
}
