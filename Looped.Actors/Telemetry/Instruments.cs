using System.Diagnostics.Metrics;
using static Looped.Actors.Telemetry.LoopedAttributes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Telemetry;

/// <summary>
/// The instruments of a process, made from <see cref="LoopedMetrics"/>. Recording costs next to nothing while nobody listens. Values that
/// are only looked at (workers, queue lengths, time accounts) come from those who hold them.
/// </summary>
public sealed class Instruments : IDisposable
{
    private readonly Dictionary<string, Meter> _meters = LoopedMetrics.Meters.ToDictionary(name => name, name => new Meter(name));

    /// <summary>Makes them all.</summary>
    public Instruments()
    {
        Steps = Counter<long>(LoopedMetrics.TrainSteps);
        Tokens = Counter<long>(LoopedMetrics.TrainTokens);
        StepDuration = Histogram<double>(LoopedMetrics.StepDuration);
        PhaseDuration = Histogram<double>(LoopedMetrics.PhaseDuration);
        Loss = Gauge(LoopedMetrics.TrainLoss);
        EvaluationLoss = Gauge(LoopedMetrics.EvaluationLoss);
        GradientNorm = Gauge(LoopedMetrics.GradientNorm);
        LearningRate = Gauge(LoopedMetrics.LearningRate);
        Regulariser = Gauge(LoopedMetrics.Regulariser);
        Progress = Gauge(LoopedMetrics.Progress);
        Flops = Counter<double>(LoopedMetrics.TrainFlops);
        Mfu = Gauge(LoopedMetrics.Mfu);
        SkippedSteps = Counter<long>(LoopedMetrics.SkippedSteps);
        Recurrence = Histogram<long>(LoopedMetrics.Recurrence);
        ActiveTokens = Gauge(LoopedMetrics.ActiveTokens);
        UpdateNorm = Gauge(LoopedMetrics.UpdateNorm);
        RouterLoad = Gauge(LoopedMetrics.RouterLoad);
        Generations = Counter<long>(LoopedMetrics.Generations);
        Preemptions = Counter<long>(LoopedMetrics.Preemptions);
        LostMicroBatches = Counter<long>(LoopedMetrics.LostMicroBatches);
        LostSteps = Counter<long>(LoopedMetrics.LostSteps);
        RecoveryDuration = Histogram<double>(LoopedMetrics.RecoveryDuration);
        DrainDuration = Histogram<double>(LoopedMetrics.DrainDuration);
        StaleMessages = Counter<long>(LoopedMetrics.StaleMessages);
        CommDuration = Histogram<double>(LoopedMetrics.CommDuration);
        CommIo = Counter<long>(LoopedMetrics.CommIo);
        CheckpointDuration = Histogram<double>(LoopedMetrics.CheckpointDuration);
        CheckpointIo = Counter<long>(LoopedMetrics.CheckpointIo);
        CheckpointFailures = Counter<long>(LoopedMetrics.CheckpointFailures);
        DataWait = Histogram<double>(LoopedMetrics.DataWait);
        Observe();
    }

    internal Counter<long> Steps { get; }
    internal Counter<long> Tokens { get; }
    internal Histogram<double> StepDuration { get; }
    internal Histogram<double> PhaseDuration { get; }
    internal Gauge<double> Loss { get; }
    internal Gauge<double> EvaluationLoss { get; }
    internal Gauge<double> GradientNorm { get; }
    internal Gauge<double> LearningRate { get; }
    internal Gauge<double> Regulariser { get; }
    internal Gauge<double> Progress { get; }
    internal Counter<double> Flops { get; }
    internal Gauge<double> Mfu { get; }
    internal Counter<long> SkippedSteps { get; }
    internal Histogram<long> Recurrence { get; }
    internal Gauge<double> ActiveTokens { get; }
    internal Gauge<double> UpdateNorm { get; }
    internal Gauge<double> RouterLoad { get; }
    internal Counter<long> Generations { get; }
    internal Counter<long> Preemptions { get; }
    internal Counter<long> LostMicroBatches { get; }
    internal Counter<long> LostSteps { get; }
    internal Histogram<double> RecoveryDuration { get; }
    internal Histogram<double> DrainDuration { get; }
    internal Counter<long> StaleMessages { get; }
    internal Histogram<double> CommDuration { get; }
    internal Counter<long> CommIo { get; }
    internal Histogram<double> CheckpointDuration { get; }
    internal Counter<long> CheckpointIo { get; }
    internal Counter<long> CheckpointFailures { get; }
    internal Histogram<double> DataWait { get; }

    /// <summary>Time accounts of this process's workers, and what a supervisor takes back.</summary>
    internal Observed<TimeTotals> Times { get; } = new();

    /// <summary>Lengths of queues of micro-batches.</summary>
    internal Observed<int> Queues { get; } = new();

    /// <summary>Live tensors of workers by their device.</summary>
    internal Observed<(string Device, long Count)> Tensors { get; } = new();

    /// <summary>What supervisors see; null while one plans nothing.</summary>
    internal Observed<ClusterNumbers?> Clusters { get; } = new();

    /// <summary>GPUs of this process.</summary>
    internal Observed<GpuNumbers> Gpus { get; } = new();

    /// <summary>Gives every counter with a closed set of attributes its first value, so that queries have data before the first event.</summary>
    public void RecordZeros()
    {
        Steps.Add(0);
        Tokens.Add(0);
        Flops.Add(0);
        StaleMessages.Add(0);
        Zeros(SkippedSteps, Reason, SkipReasons);
        Zeros(Generations, Reason, GenerationReasons);
        Zeros(Preemptions, Reason, PreemptionReasons);
        Zeros(LostMicroBatches, Reason, LossReasons);
        Zeros(LostSteps, Reason, LossReasons);
        Zeros(CommIo, Op, Operations);
        Zeros(CheckpointIo, Direction, Directions);
        Zeros(CheckpointFailures, ErrorType, CheckpointErrors);
    }

    /// <summary>Counts a notice by the name of its signal; others than preemptions send are not counted.</summary>
    internal void CountPreemption(string? signal)
    {
        string? reason = PreemptionReasons.FirstOrDefault(known => known.Equals(signal, StringComparison.OrdinalIgnoreCase));
        if (reason is not null) Preemptions.Add(1, new Tag(Reason, reason));
    }

    private static void Zeros(Counter<long> counter, string key, IReadOnlyList<string> values)
    {
        foreach (string value in values) counter.Add(0, new Tag(key, value));
    }

    private void Observe()
    {
        Meter(LoopedMetrics.Time).CreateObservableCounter(LoopedMetrics.Time.Name, Spent, LoopedMetrics.Time.Unit, LoopedMetrics.Time.Description);
        UpDown(LoopedMetrics.QueueLength, () => Queues.Now is { Length: > 0 } queues ? [new(queues.Sum(q => (long)q))] : []);
        UpDown(LoopedMetrics.Tensors, () => Tensors.Now.DistinctBy(t => t.Device).Select(t => new Measurement<long>(t.Count, new Tag(Device, t.Device))));
        UpDown(LoopedMetrics.Workers, () => Seen().SelectMany(c => WorkerStates.Zip((long[])[c.Training, c.Joining, c.Draining], (state, count) => new Measurement<long>(count, new Tag(State, state)))));
        Gauges(LoopedMetrics.WorldSize, () => Seen().Select(c => new Measurement<double>(c.WorldSize)));
        Gauges(LoopedMetrics.ClusterGeneration, () => Seen().Select(c => new Measurement<double>(c.Generation)));
        Gauges(LoopedMetrics.HeartbeatAge, () => Seen().Select(c => new Measurement<double>(c.HeartbeatAge)));
        Gauges(LoopedMetrics.CheckpointAge, () => Seen().Select(c => new Measurement<double>(c.CheckpointAge)));
        GpuInstruments.Create(_meters[LoopedMetrics.Hardware], Gpus);
    }

    private IEnumerable<ClusterNumbers> Seen() => Clusters.Now.OfType<ClusterNumbers>().Take(1);

    private IEnumerable<Measurement<double>> Spent()
    {
        TimeTotals all = Times.Now.Aggregate(TimeTotals.Zero, (sum, time) => sum + time);
        double[] seconds = [all.Productive, all.Startup, all.DataWait, all.CheckpointStall, all.Recovery, all.Idle, all.LostWork];
        return TimeKinds.Zip(seconds, (kind, value) => new Measurement<double>(value, new Tag(Kind, kind)));
    }

    private Meter Meter(InstrumentDefinition definition) => _meters[definition.Meter];

    private Counter<T> Counter<T>(InstrumentDefinition d) where T : struct => Meter(d).CreateCounter<T>(d.Name, d.Unit, d.Description);

    private Gauge<double> Gauge(InstrumentDefinition d) => Meter(d).CreateGauge<double>(d.Name, d.Unit, d.Description);

    private Histogram<T> Histogram<T>(InstrumentDefinition d) where T : struct => Meter(d).CreateHistogram(d.Name, d.Unit, d.Description, null,
        new InstrumentAdvice<T> { HistogramBucketBoundaries = [.. d.Buckets.Select(b => (T)Convert.ChangeType(b, typeof(T), System.Globalization.CultureInfo.InvariantCulture))] });

    private void UpDown(InstrumentDefinition d, Func<IEnumerable<Measurement<long>>> values) => Meter(d).CreateObservableUpDownCounter(d.Name, values, d.Unit, d.Description);

    private void Gauges(InstrumentDefinition d, Func<IEnumerable<Measurement<double>>> values) => Meter(d).CreateObservableGauge(d.Name, values, d.Unit, d.Description);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Meter meter in _meters.Values) meter.Dispose();
    }
}
