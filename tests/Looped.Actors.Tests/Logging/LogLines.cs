using Microsoft.Extensions.Logging;

namespace Looped.Actors.Tests.Logging;

/// <summary>Keeps what is logged, each line with its scope.</summary>
internal sealed class LogLines : ILogger
{
    private readonly AsyncLocal<object?> _scope = new();

    public List<(LogLevel Level, EventId Id, string Text, string Scope)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull
    {
        _scope.Value = state;
        return new End(this);
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add((logLevel, eventId, formatter(state, exception), _scope.Value is IEnumerable<KeyValuePair<string, object?>> fields ? string.Join(' ', fields.Select(f => $"{f.Key}={f.Value}")) : ""));

    private sealed class End(LogLines lines) : IDisposable
    {
        public void Dispose() => lines._scope.Value = null;
    }
}
