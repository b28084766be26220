using System.Diagnostics;
using System.Runtime.InteropServices;
using Looped.Host.CommandLine;

namespace Looped.Host.Training;

/// <summary>
/// Notice from outside: SIGINT (Ctrl-C), SIGTERM, SIGUSR1. The first asks the run to stop after the step in progress; repeats within
/// two seconds are the same notice, a later one is a second. Only a third Ctrl-C ends the process at once. SIGCONT, which schedulers
/// send along, means nothing.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private const PosixSignal UserSignal1 = (PosixSignal)10; // SIGUSR1's number on Linux; .NET has no name for it

    private readonly List<PosixSignalRegistration> _registrations = [];
    private static readonly TimeSpan SameNotice = TimeSpan.FromSeconds(2);

    private readonly Action<string> _stop, _again;
    private readonly object _gate = new();
    private int _interrupts;
    private long _firstAt;

    /// <summary>Listens until disposed.</summary>
    /// <param name="stop">Called with the signal's name at the first notice.</param>
    /// <param name="again">Called with the signal's name at later ones.</param>
    public StopSignals(Action<string> stop, Action<string>? again = null)
    {
        (_stop, _again) = (stop, again ?? (_ => { }));
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
        Action<string> call;
        lock (_gate)
        {
            if (First is not null && Stopwatch.GetElapsedTime(_firstAt) < SameNotice) return;
            call = First is null ? _stop : _again;
            if (First is null) (First, _firstAt) = (name, Stopwatch.GetTimestamp());
        }
        call(name);
    }));

    public void Dispose() => _registrations.ForEach(r => r.Dispose());
}
