using System.Diagnostics.Metrics;
using static Looped.Actors.Telemetry.LoopedAttributes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Telemetry;

/// <summary>The instruments of hardware, under the names of the semantic conventions; they show nothing where there is no GPU.</summary>
internal static class GpuInstruments
{
    public static void Create(Meter meter, Observed<GpuNumbers> gpus)
    {
        Tag general = new(GpuTask, "general");
        Gauge(LoopedMetrics.GpuUtilization, g => g.Utilization, general);
        Gauge(LoopedMetrics.GpuMemoryUtilization, g => (double?)g.MemoryUsed / g.MemoryLimit);
        Gauge(LoopedMetrics.Power, g => g.Watts);
        Gauge(LoopedMetrics.Temperature, g => g.Celsius);
        UpDown(LoopedMetrics.GpuMemoryUsage, g => g.MemoryUsed);
        UpDown(LoopedMetrics.GpuMemoryLimit, g => g.MemoryLimit);
        Counter(LoopedMetrics.Energy, g => g.Joules);
        Tag sent = new(NetworkDirection, "transmit"), received = new(NetworkDirection, "receive");
        meter.CreateObservableCounter(LoopedMetrics.GpuIo.Name, () => Each(g => g.BytesSent, sent).Concat(Each(g => g.BytesReceived, received)),
            LoopedMetrics.GpuIo.Unit, LoopedMetrics.GpuIo.Description);
        Tag uncorrected = new(ErrorType, "ecc_uncorrected");
        meter.CreateObservableCounter(LoopedMetrics.Errors.Name, () => Each(g => g.Errors, uncorrected), LoopedMetrics.Errors.Unit, LoopedMetrics.Errors.Description);

        void Gauge(InstrumentDefinition d, Func<GpuNumbers, double?> value, params Tag[] more) =>
            meter.CreateObservableGauge(d.Name, () => Each(value, more), d.Unit, d.Description);

        void UpDown(InstrumentDefinition d, Func<GpuNumbers, long?> value) => meter.CreateObservableUpDownCounter(d.Name, () => Each(value), d.Unit, d.Description);

        void Counter(InstrumentDefinition d, Func<GpuNumbers, double?> value) => meter.CreateObservableCounter(d.Name, () => Each(value), d.Unit, d.Description);

        IEnumerable<Measurement<T>> Each<T>(Func<GpuNumbers, T?> value, params Tag[] more) where T : struct => gpus.Now
            .Where(gpu => value(gpu) is not null)
            .Select(gpu => new Measurement<T>(value(gpu)!.Value, [new Tag(HardwareId, gpu.Id), new(HardwareType, "gpu"), new(HardwareName, gpu.Name), .. more]));
    }
}
