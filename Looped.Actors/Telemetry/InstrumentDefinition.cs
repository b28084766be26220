namespace Looped.Actors.Telemetry;

/// <summary>What kind of number an instrument gives.</summary>
public enum InstrumentKind
{
    /// <summary>Only grows; begins at 0 with the process.</summary>
    Counter,

    /// <summary>Goes up and down, and adds up over processes.</summary>
    UpDown,

    /// <summary>A value that does not add up.</summary>
    Gauge,

    /// <summary>A distribution.</summary>
    Histogram,
}

/// <summary>An instrument as the world sees it.</summary>
/// <param name="Meter">The meter it belongs to.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What kind of number it gives.</param>
/// <param name="Unit">Its unit, UCUM; counted things stand in braces.</param>
/// <param name="Description">What it means, one line.</param>
/// <param name="Attributes">The keys its measurements may carry.</param>
public sealed record InstrumentDefinition(string Meter, string Name, InstrumentKind Kind, string Unit, string Description, params string[] Attributes)
{
    /// <summary>Upper bounds of a histogram's buckets; empty for the other kinds.</summary>
    public IReadOnlyList<double> Buckets { get; init; } = [];

    /// <summary>Its name in Prometheus text; a histogram's series have <c>_bucket</c>, <c>_sum</c> and <c>_count</c> behind it.</summary>
    public string PrometheusName
    {
        get
        {
            string unit = Unit switch
            {
                "s" => "_seconds",
                "By" => "_bytes",
                "W" => "_watts",
                "J" => "_joules",
                "Cel" => "_celsius",
                _ => "", // counted things and plain numbers
            };
            return Name.Replace('.', '_') + unit + (Kind == InstrumentKind.Counter ? "_total" : "");
        }
    }
}
