using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Actors.Recipes;

/// <summary>A recipe as a run reads it: what is trained, and the sections about those who train it, which cannot change the weights.</summary>
public sealed record RunRecipe : Recipe
{
    /// <summary>When a worker counts as lost.</summary>
    [ObservesOnly]
    public ClusterRecipe Cluster { get; init; } = new();

    /// <summary>Where live measurements go.</summary>
    [ObservesOnly]
    public TelemetryRecipe Telemetry { get; init; } = new();
}

/// <summary>The `cluster` section.</summary>
public sealed record ClusterRecipe
{
    /// <summary>A worker is lost after this long without a sign of life. Every other timeout of the cluster is derived from it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "01:00:00")]
    public TimeSpan WorkerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether workers are taken whose bits may differ: another instruction set, library version or thread count. The result is then not guaranteed.</summary>
    public bool AllowMixed { get; init; }

    /// <summary>Whether gradients travel while the backward pass that completes them goes on; the bits are the same either way.</summary>
    public bool Overlap { get; init; } = true;

    /// <summary>Whether workers of one host reduce gradients through memory that they share, where all members of a generation can; else over TCP. The bits are the same either way.</summary>
    public bool SharedMemory { get; init; } = true;
}

/// <summary>The `telemetry` section.</summary>
public sealed record TelemetryRecipe
{
    /// <summary>Whether metrics and traces are sent by OTLP; the standard `OTEL_EXPORTER_OTLP_…` variables say where to.</summary>
    public bool Otlp { get; init; }

    /// <summary>The port on which Prometheus finds `/metrics`; 0 opens none. Worker slot k takes this plus 1 + k.</summary>
    [Range(0, 65535)]
    public int PrometheusPort { get; init; }
}
