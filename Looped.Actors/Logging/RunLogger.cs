using Microsoft.Extensions.Logging;

namespace Looped.Actors.Logging;

/// <summary>Writes every line within the scope of the moment. Whichever thread learns something moves the scope on; lines may come from any.</summary>
/// <param name="inner">Where lines go.</param>
/// <param name="scope">Where the process is at first.</param>
public sealed class RunLogger(ILogger inner, RunScope scope) : ILogger
{
    private RunScope _scope = scope;

    /// <summary>Where the process is now.</summary>
    public RunScope Scope
    {
        get => Volatile.Read(ref _scope);
        set => Volatile.Write(ref _scope, value);
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => inner.BeginScope(state);

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!inner.IsEnabled(logLevel)) return;
        using (inner.BeginScope(Scope.Fields)) inner.Log(logLevel, eventId, state, exception, formatter);
    }
}
