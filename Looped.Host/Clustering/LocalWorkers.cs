using System.Diagnostics;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>Worker processes that this process starts on its own machine. They end when it does: their standard input closes.</summary>
internal sealed class LocalWorkers : IDisposable
{
    private readonly NodeAddress _seed;
    private readonly string _logs;
    private readonly IReadOnlyList<string> _options;
    private readonly List<Process> _processes = [];

    /// <summary>Prepares to start workers.</summary>
    /// <param name="seed">Their seed.</param>
    /// <param name="logs">The folder for a log file of each.</param>
    /// <param name="options">Further options of `looped worker`.</param>
    public LocalWorkers(NodeAddress seed, string logs, IReadOnlyList<string> options)
    {
        (_seed, _logs, _options) = (seed, logs, options);
        Directory.CreateDirectory(logs);
    }

    /// <summary>Every process started so far, in order.</summary>
    public IReadOnlyList<Process> Processes => _processes;

    /// <summary>Completes when all of them have ended.</summary>
    public Task AllEnded => Task.WhenAll(_processes.Select(p => p.WaitForExitAsync()));

    /// <summary>Starts one more.</summary>
    public Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet looped.dll` and a program of its own are started in different ways.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(LocalWorkers).Assembly.Location);
        foreach (string argument in (string[])["worker", "--seed", _seed.ToString(), "--until-input-closes", .. _options]) start.ArgumentList.Add(argument);
        Process process = Process.Start(start) ?? throw new LoopedException("A worker process could not be started.");
        string path = Path.Combine(_logs, $"worker-{_processes.Count}.log");
        var log = new StreamWriter(path, append: true) { AutoFlush = true };
        object gate = new();
        void Write(object _, DataReceivedEventArgs line)
        {
            if (line.Data is null) return;
            lock (gate) log.WriteLine(line.Data);
        }
        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }

    /// <summary>Closes their inputs, which tells them to leave at once, and ends those that do not.</summary>
    public void Dispose()
    {
        foreach (Process process in _processes) process.StandardInput.Close();
        foreach (Process process in _processes)
        {
            if (!process.WaitForExit(TimeSpan.FromSeconds(5))) process.Kill();
            process.Dispose();
        }
    }
}
