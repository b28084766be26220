using Looped.Actors.Clustering;

namespace Looped.Host.Clustering;

/// <summary>Worker processes that this process starts on its own machine. They end when it does: their standard input closes.</summary>
internal sealed class LocalWorkers : IDisposable
{
    private readonly NodeAddress _seed;
    private readonly string _logs;
    private readonly bool _verbose;
    private readonly List<ChildProgram> _processes = [];

    /// <summary>Prepares to start workers.</summary>
    /// <param name="seed">Their seed.</param>
    /// <param name="logs">The folder for what each of them prints.</param>
    /// <param name="verbose">Whether they log every step.</param>
    public LocalWorkers(NodeAddress seed, string logs, bool verbose = false)
    {
        (_seed, _logs, _verbose) = (seed, logs, verbose);
        Directory.CreateDirectory(logs);
    }

    /// <summary>Every process started so far, in order.</summary>
    public IReadOnlyList<ChildProgram> Processes => _processes;

    /// <summary>Completes when all of them have ended.</summary>
    public Task AllEnded => Task.WhenAll(_processes.Select(p => p.Ended));

    /// <summary>Starts one more.</summary>
    public ChildProgram Start()
    {
        var process = ChildProgram.Start(Path.Combine(_logs, $"worker-{_processes.Count}.log"), ["worker", "--seed", _seed.ToString(), "--until-input-closes", .. _verbose ? ["--verbose"] : Array.Empty<string>()]);
        _processes.Add(process);
        return process;
    }

    /// <summary>Closes their inputs, which tells them to leave at once.</summary>
    public void LeaveAtOnce()
    {
        foreach (ChildProgram process in _processes) process.CloseInput();
    }

    /// <summary>Tells them to leave at once, and ends those that do not.</summary>
    public void Dispose()
    {
        LeaveAtOnce();
        foreach (ChildProgram process in _processes)
        {
            process.WaitForExit(TimeSpan.FromSeconds(5));
            process.Dispose();
        }
    }
}
