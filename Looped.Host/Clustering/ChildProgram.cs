using System.Diagnostics;
using System.Runtime.InteropServices;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>
/// This program as a child process: its output goes to a log file, and its standard input stays open for as long as this process lives,
/// so that a child started with <c>--until-input-closes</c> does not outlive it.
/// </summary>
internal sealed class ChildProgram : IDisposable
{
    private readonly Process _process;
    private readonly StreamWriter _log;
    private readonly object _gate = new();

    private ChildProgram(Process process, string log)
    {
        (_process, _log) = (process, new StreamWriter(log, append: true) { AutoFlush = true });
        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Its exit code; null while it runs.</summary>
    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>The last line it wrote.</summary>
    public string LastLine { get; private set; } = "";

    /// <summary>Completes when it has ended.</summary>
    public Task Ended => _process.WaitForExitAsync();

    /// <summary>Starts <c>looped ARGUMENTS…</c>.</summary>
    /// <param name="log">The file for what it writes.</param>
    /// <param name="arguments">The command line.</param>
    /// <exception cref="LoopedException">It cannot be started.</exception>
    public static ChildProgram Start(string log, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet looped.dll` and a program of its own are started in different ways.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(ChildProgram).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return new ChildProgram(Process.Start(start) ?? throw new LoopedException("A process of this program could not be started."), log);
    }

    /// <summary>Sends a signal; nothing happens if it has ended.</summary>
    /// <param name="signal">Its number.</param>
    public void Signal(int signal)
    {
        if (!_process.HasExited) _ = Send(_process.Id, signal);
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Closes its standard input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits for its end.</summary>
    /// <returns>False if it did not end in time.</returns>
    public bool WaitForExit(TimeSpan limit) => _process.WaitForExit(limit);

    /// <summary>Ends it if it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        lock (_gate) _log.Dispose();
    }

    private void Write(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (_gate)
        {
            if (!_log.BaseStream.CanWrite) return;
            _log.WriteLine(line.Data);
            LastLine = line.Data;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Send(int process, int signal);
}
