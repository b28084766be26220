using System.ComponentModel;
using System.Diagnostics;

namespace Looped.Host.Doctor;

/// <summary>Asks another program something.</summary>
internal static class OtherProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What it prints; null if there is no such program, it fails, or it does not answer in time.</summary>
    public static string? Output(string program, params string[] args)
    {
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null)
                return null;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!Task.WaitAll([output, error], Patience) || !process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }

            return process.ExitCode == 0 ? output.Result : null;
        }
        catch (Win32Exception)
        {
            // There is no such program, which is an answer.
            return null;
        }
    }
}
