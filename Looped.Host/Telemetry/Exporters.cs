using System.Globalization;
using Looped.Actors.Recipes;
using Looped.Actors.Telemetry;
using Looped.Models;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Looped.Host.Telemetry;

/// <summary>
/// The exporters of a process, as they were asked for: OTLP by the standard variables, Prometheus text on a port, both or neither. Nothing that
/// goes wrong with them reaches training.
/// </summary>
internal sealed class Exporters : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", Interval = "OTEL_METRIC_EXPORT_INTERVAL";

    /// <summary>A process that leaves by notice has seconds, and a collector that does not answer must not take them.</summary>
    private const int LastWordMilliseconds = 2000;

    private readonly NodeIdentity _identity;
    private readonly ExportTrouble? _trouble;
    private readonly MeterProvider? _meters;
    private readonly TracerProvider? _tracer;

    private Exporters(NodeIdentity identity, bool otlp, ScrapeAddress scrape, Action<string> warn, Action<OtlpExporterOptions>? target)
    {
        (_identity, Otlp) = (identity, otlp);
        if (!otlp && scrape.Port == 0) return;
        _trouble = new ExportTrouble(warn);
        MeterProviderBuilder meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource).AddMeter([.. LoopedMetrics.Meters])
            .AddRuntimeInstrumentation().AddProcessInstrumentation();
        if (scrape.Port > 0) meters.AddPrometheusHttpListener(options => Serve(options, scrape));
        if (!otlp)
        {
            _meters = meters.Build();
            return;
        }
        _meters = meters.AddOtlpExporter((options, reader) =>
        {
            target?.Invoke(options);
            // The standard's minute is long for something that is looked at live.
            if (Environment.GetEnvironmentVariable(Interval) is null) reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 5000;
        }).Build();
        _tracer = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource).AddSource([.. LoopedMetrics.Meters]).AddOtlpExporter(options => target?.Invoke(options)).Build();
    }

    /// <summary>Whether signals are sent by OTLP.</summary>
    public bool Otlp { get; }

    /// <summary>Starts what was asked for.</summary>
    /// <param name="identity">Who this is.</param>
    /// <param name="recipe">What was asked for.</param>
    /// <param name="scrape">Where Prometheus may look.</param>
    /// <param name="required">Whether a port that is taken is an error; else it is a warning.</param>
    /// <param name="warn">Told, in a sentence, of what does not work.</param>
    /// <param name="target">Sends elsewhere than the standard variables say; null to follow them.</param>
    /// <exception cref="LoopedException">The port is taken.</exception>
    public static Exporters Start(NodeIdentity identity, TelemetryRecipe recipe, ScrapeAddress scrape, bool required, Action<string> warn,
        Action<OtlpExporterOptions>? target = null)
    {
        bool otlp = recipe.Otlp || Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 };
        if (scrape.Port > 0 && scrape.Problem() is { } problem)
        {
            string sentence = $"Prometheus cannot be served: {problem}";
            if (required) throw new LoopedException($"{sentence}. Choose another telemetry.prometheus_port, or 0 for none.");
            warn($"{sentence}; this process goes on without it");
            scrape = scrape with { Port = 0 };
        }
        return new Exporters(identity, otlp, scrape, warn, target);
    }

    /// <summary>Sends log lines by OTLP too, if that was asked for.</summary>
    public void AddTo(ILoggingBuilder logging)
    {
        if (!Otlp) return;
        logging.AddOpenTelemetry(options =>
        {
            options.SetResourceBuilder(Resource);
            options.IncludeScopes = options.IncludeFormattedMessage = true;
            options.AddOtlpExporter();
        });
    }

    private ResourceBuilder Resource => ResourceBuilder.CreateEmpty().AddTelemetrySdk().AddEnvironmentVariableDetector()
        .AddAttributes(_identity.Attributes(Environment.GetEnvironmentVariable));

    private static void Serve(PrometheusHttpListenerOptions options, ScrapeAddress scrape)
    {
        IReadOnlyList<string> hosts = scrape.Hosts();
        (options.Host, options.Port, options.ScopeInfoEnabled) = (hosts[0], scrape.Port, false);
        options.ConfigureHttpListener = (_, listener) =>
        {
            foreach (string host in hosts.Skip(1)) listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{scrape.Port}/metrics/"));
        };
    }

    /// <summary>Sends what is left, within two seconds.</summary>
    public void Dispose()
    {
        Parallel.Invoke(() => _meters?.Shutdown(LastWordMilliseconds), () => _tracer?.Shutdown(LastWordMilliseconds));
        _meters?.Dispose();
        _tracer?.Dispose();
        _trouble?.Dispose();
    }
}
