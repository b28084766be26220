using System.Diagnostics;
using System.Text;

namespace Looped.Host.Tests;

/// <summary>
/// The real program as a process, its output captured, every wait bounded. Disposing kills it if it still runs,
/// so that a failing test leaves nothing behind.
/// </summary>
internal sealed class LoopedProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new(), _error = new();

    private LoopedProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Append(_output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(_error, e.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process id, to send signals to.</summary>
    public int Id => _process.Id;

    /// <summary>When it ended.</summary>
    public DateTime Ended => _process.ExitTime.ToUniversalTime();

    /// <summary>Standard output so far, lines ended by \n.</summary>
    public string Output => Read(_output);

    /// <summary>Standard error so far.</summary>
    public string Error => Read(_error);

    /// <summary>Starts <c>looped ARGS…</c>.</summary>
    /// <param name="folder">Its working folder; null for the tests' own.</param>
    /// <param name="environment">Variables to add; a null value removes one.</param>
    /// <param name="args">The command line.</param>
    public static LoopedProcess Start(string? folder, IReadOnlyDictionary<string, string?>? environment, params string[] args) => StartBy([], folder, environment, args);

    /// <summary>Starts <c>looped ARGS…</c> by another program that becomes it, such as <c>ip netns exec NAME</c>.</summary>
    public static LoopedProcess StartBy(string[] launcher, string? folder, IReadOnlyDictionary<string, string?>? environment, params string[] args)
    {
        string[] line = [.. launcher, "dotnet", Path.Combine(AppContext.BaseDirectory, "Looped.Host.dll"), .. args];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            WorkingDirectory = folder ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        return new LoopedProcess(new Process { StartInfo = start });
    }

    /// <summary>Runs <c>looped ARGS…</c> to its end.</summary>
    public static async Task<LoopedResult> RunAsync(params string[] args)
    {
        using LoopedProcess process = Start(null, null, args);
        return await process.WaitAsync();
    }

    /// <summary>Waits for the end.</summary>
    /// <param name="limit">How long at most; null for a minute.</param>
    public async Task<LoopedResult> WaitAsync(TimeSpan? limit = null)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        cut.CancelAfter(limit ?? Patience);
        try
        {
            await _process.WaitForExitAsync(cut.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"looped did not end in time.\nstdout:\n{Output}\nstderr:\n{Error}");
        }

        return new LoopedResult(_process.ExitCode, Output, Error);
    }

    /// <summary>Waits until standard output contains a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="limit">How long at most; null for a minute.</param>
    public async Task WaitForOutputAsync(string text, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited || clock.Elapsed > (limit ?? Patience))
                throw new TimeoutException($"'{text}' did not appear.\nstdout:\n{Output}\nstderr:\n{Error}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Sends a signal, such as <c>INT</c>, <c>TERM</c>, <c>KILL</c> or <c>USR1</c>.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.Append(line).Append('\n');
    }

    private static string Read(StringBuilder text)
    {
        lock (text) return text.ToString();
    }
}

/// <summary>How a run of the program ended.</summary>
internal sealed record LoopedResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails the test with everything the program said unless it ended with this code.</summary>
    public LoopedResult Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode} instead of {exitCode}\nstdout:\n{Output}\nstderr:\n{Error}");
        return this;
    }
}
