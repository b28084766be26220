using System.Diagnostics;
using System.Runtime.InteropServices;
using Looped.Host.CommandLine;

namespace Looped.Host.Training;

/// <summary>Notice from outside: SIGINT (Ctrl-C), SIGTERM, SIGUSR1. What they ask for is decided by <see cref="Notices"/>.</summary>
internal sealed class StopSignals : IDisposable
{
    private const PosixSignal UserSignal1 = (PosixSignal)10; // SIGUSR1's number on Linux; .NET has no name for it

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _leave, _hurry;
    private readonly int _exitCode;
    private readonly object _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private Notices _notices = new();

    /// <summary>Listens until disposed.</summary>
    /// <param name="leave">Called with the signal's name at the first notice.</param>
    /// <param name="hurry">Called with the signal's name at later ones.</param>
    /// <param name="exitCode">What the last Ctrl-C ends the process with.</param>
    public StopSignals(Action<string> leave, Action<string>? hurry = null, int exitCode = ExitCode.Interrupted)
    {
        (_leave, _hurry, _exitCode) = (leave, hurry ?? (_ => { }), exitCode);
        Listen(PosixSignal.SIGINT, "SIGINT");
        Listen(PosixSignal.SIGTERM, "SIGTERM");
        if (OperatingSystem.IsLinux()) Listen(UserSignal1, "SIGUSR1");
    }

    /// <summary>The first signal that came, or null.</summary>
    public string? First
    {
        get
        {
            lock (_gate) return _notices.First;
        }
    }

    private void Listen(PosixSignal signal, string name) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        NoticeEffect effect;
        lock (_gate) (_notices, effect) = _notices.Take(name, Stopwatch.GetElapsedTime(_started));
        if (effect == NoticeEffect.Leave) _leave(name);
        if (effect == NoticeEffect.Hurry) _hurry(name);
        if (effect == NoticeEffect.Exit) ProcessEnd.Soon(_exitCode);
    }));

    public void Dispose() => _registrations.ForEach(r => r.Dispose());
}
