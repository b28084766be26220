using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Looped.Actors.Runs;

/// <summary>Who prepares a checkpoint: generation, machine and process, so that two writers never share a temporary folder.</summary>
internal static class Incarnation
{
    private static readonly string Machine = new([.. Environment.MachineName.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);

    /// <summary>Such as <c>g7-node3-4711</c>.</summary>
    public static string Name(long generation) => string.Create(CultureInfo.InvariantCulture, $"g{generation}-{Machine}-{Environment.ProcessId}");

    /// <summary>
    /// Whether the writer may still be at work. Of another machine's nothing is known: its leftovers are left to that machine.
    /// </summary>
    public static bool MayLive(string incarnation)
    {
        string[] parts = incarnation.Split('-');
        if (parts.Length != 3 || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int process)) return false;
        return parts[1] != Machine || (process != Environment.ProcessId && IsRunning(process));
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }
}
