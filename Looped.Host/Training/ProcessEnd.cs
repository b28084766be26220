using System.Runtime.InteropServices;

namespace Looped.Host.Training;

/// <summary>The end of the process whatever its threads are doing.</summary>
internal static class ProcessEnd
{
    /// <summary>
    /// Ends the process without its farewells: handlers at exit and the destructors of libraries may wait for a thread that computes, or crash
    /// under it and change the exit code.
    /// </summary>
    public static void Now(int exitCode)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()) Exit(exitCode);
        Environment.Exit(exitCode);
    }

    /// <summary>Ends the process as usual, the terminal put in order, or without that if it takes more than a second.</summary>
    public static void Soon(int exitCode)
    {
        new Thread(() =>
        {
            Thread.Sleep(TimeSpan.FromSeconds(1));
            Now(exitCode);
        })
        { IsBackground = true, Name = "exit" }.Start();
        Environment.Exit(exitCode);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Exit(int exitCode);
}
