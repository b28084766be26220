using System.Diagnostics.Tracing;

namespace Looped.Host.Telemetry;

/// <summary>
/// Exporters fail silently, so that they never disturb what they observe. This hears it, and tells a person once.
/// </summary>
internal sealed class ExportTrouble : EventListener
{
    private const string Source = "OpenTelemetry-Exporter-";

    private readonly Action<string> _warn;
    private int _told;

    public ExportTrouble(Action<string> warn)
    {
        _warn = warn;
        // The base constructor has met the sources that were there already before the field above was set.
        foreach (EventSource source in EventSource.GetSources()) OnEventSourceCreated(source);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (_warn is not null && eventSource.Name.StartsWith(Source, StringComparison.Ordinal)) EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (Interlocked.Exchange(ref _told, 1) == 1) return;
        string what = string.Join("; ", (eventData.Payload ?? []).Select(p => FirstLine(p?.ToString())).Where(p => p.Length > 0));
        _warn($"telemetry is not delivered ({what}). Training goes on without it, and this is not said again; looped doctor tests the endpoint.");
    }

    private static string FirstLine(string? text) => (text ?? "").Split('\n')[0].Trim();
}
