using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Looped.Actors.Tests.Clustering;

/// <summary>What the nodes of a test logged, shown only if it fails.</summary>
internal sealed class ClusterLog
{
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>A factory for a node's loggers.</summary>
    public ILoggerFactory Of(string node) => new NodeLog(this, node);

    /// <summary>Whether a line contains the text.</summary>
    public bool Has(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Adds everything to the output of a test that has failed.</summary>
    public void ShowIfFailed()
    {
        if (TestContext.Current.TestState?.Result != TestResult.Failed) return;
        foreach (string line in _lines) TestContext.Current.TestOutputHelper?.WriteLine(line);
    }

    private sealed class NodeLog(ClusterLog log, string node) : ILogger, ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log._lines.Enqueue($"{Stopwatch.GetElapsedTime(log._start).TotalMilliseconds,7:0} {node}: {state} {exception?.Message}");

        public void Dispose()
        {
        }
    }
}
