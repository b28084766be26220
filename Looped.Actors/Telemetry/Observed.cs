namespace Looped.Actors.Telemetry;

/// <summary>Those who have a value to show when an exporter looks; workers and supervisors come and go, instruments stay.</summary>
internal sealed class Observed<T>
{
    private readonly Lock _gate = new();
    private readonly List<Func<T>> _values = [];

    /// <summary>The values now.</summary>
    public T[] Now
    {
        get
        {
            Func<T>[] values;
            lock (_gate) values = [.. _values];
            return [.. values.Select(value => value())];
        }
    }

    /// <summary>Shows a value until the result is disposed. It is read on an exporter's thread.</summary>
    public IDisposable Add(Func<T> value)
    {
        lock (_gate) _values.Add(value);
        return new Entry(this, value);
    }

    private sealed class Entry(Observed<T> owner, Func<T> value) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate) owner._values.Remove(value);
        }
    }
}
