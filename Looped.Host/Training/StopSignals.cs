using System.Runtime.InteropServices;
using Looped.Host.CommandLine;

namespace Looped.Host.Training;

/// <summary>
/// Notice from outside: SIGINT (Ctrl-C), SIGTERM, SIGUSR1. The first asks the run to stop after the step in progress; repeats within
/// two seconds are the same notice. Only a third Ctrl-C ends the process at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private const PosixSignal UserSignal1 = (PosixSignal)10; // SIGUSR1's number on Linux; .NET has no name for it

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _stop;
    private int _interrupts;

    /// <summary>Listens until disposed.</summary>
    /// <param name="stop">Called with the signal's name at the first notice.</param>
    public StopSignals(Action<string> stop)
    {
        _stop = stop;
        Listen(PosixSignal.SIGINT, "SIGINT");
        Listen(PosixSignal.SIGTERM, "SIGTERM");
        if (OperatingSystem.IsLinux()) Listen(UserSignal1, "SIGUSR1");
    }

    /// <summary>The first signal that came, or null.</summary>
    public string? First { get; private set; }

    private void Listen(PosixSignal signal, string name) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (signal == PosixSignal.SIGINT && Interlocked.Increment(ref _interrupts) >= 3) Environment.Exit(ExitCode.Interrupted);
        if (First is not null) return;
        First = name;
        _stop(name);
    }));

    public void Dispose() => _registrations.ForEach(r => r.Dispose());
}
