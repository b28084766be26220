using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Looped.Actors.Telemetry;

namespace Looped.Actors.Tests.Telemetry;

/// <summary>Hears every metric and every span of this process while it lives.</summary>
internal sealed class Signals : IDisposable
{
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;

    public Signals()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (LoopedMetrics.Meters.Contains(instrument.Meter.Name)) listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = source => LoopedMetrics.Meters.Contains(source.Name),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Spans.Add,
        };
        ActivitySource.AddActivityListener(_activities);
    }

    /// <summary>Spans that have ended.</summary>
    public ConcurrentBag<Activity> Spans { get; } = [];

    /// <summary>The sum of all measurements of a series, such as <c>looped.cluster.generations{join}</c>, and of each instrument.</summary>
    public ConcurrentDictionary<string, double> Sums { get; } = new();

    /// <summary>Asks the instruments that are only looked at.</summary>
    public void Look() => _meters.RecordObservableInstruments();

    public IEnumerable<Activity> Named(string name) => Spans.Where(s => s.OperationName == name);

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
        if (tags.Length > 0)
            Sums.AddOrUpdate($"{instrument.Name}{{{string.Join(',', tags.ToArray().Select(t => t.Value))}}}", value, (_, sum) => sum + value);
    }

    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }
}
