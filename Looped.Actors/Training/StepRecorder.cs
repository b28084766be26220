using System.Diagnostics;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Models.Families;
using Looped.Models.Native;
using Looped.Models.Optimization;
using Looped.Models.Recipes;
using static Looped.Actors.Telemetry.LoopedAttributes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Training;

/// <summary>Phases of a step, in the order of <see cref="StepPhases"/>. A stall for a snapshot lies between two steps and belongs to neither.</summary>
internal enum StepPhase
{
    Data,
    Forward,
    Backward,
    AllReduce,
    Optimizer,
    Other,
    Stall,
}

/// <summary>
/// Follows the training thread through its steps: durations of the phases, the worker's time account, what the step measured, and for some
/// steps a span. Used on that thread only; a step allocates nothing here unless it is traced.
/// </summary>
internal sealed class StepRecorder(Instruments instruments, TimeKeeper time)
{
    private const double Smoothing = 0.98;

    private readonly double[] _seconds = new double[StepPhases.Count + 1];
    private readonly List<(StepPhase Phase, long From, long To)> _parts = [];
    private readonly StepSampler _sampler = new();
    private LoopWatch? _watch;
    private ActivityContext _generation;
    private readonly List<int> _loops = [];
    private Replica? _replica;
    private MicroBatchWork? _work;
    private int _rank;
    private double _average = double.NaN;
    private double? _peak;
    private long _started, _since;
    private StepPhase _phase = StepPhase.Other;
    private bool _traced, _watched, _inStep;

    /// <summary>Since when the rank waits for the others; null if it does not.</summary>
    public long? WaitingSince => _phase == StepPhase.AllReduce ? _since : null;

    /// <summary>Bytes of a reduction.</summary>
    public long ReducedBytes { get; set; }

    /// <summary>A generation begins.</summary>
    public void Begin(GenerationPlan plan, int rank, Replica replica, Recipe recipe, MicroBatchWork work)
    {
        (_rank, _generation, _replica, _work) = (rank, Spans.Parse(plan.Trace), replica, work);
        _peak = GpuPeak.OperationsPerSecond(recipe.Training);
        _sampler.Begin();
        _since = Stopwatch.GetTimestamp();
    }

    /// <summary>A step begins.</summary>
    public void Start(long step)
    {
        Array.Clear(_seconds);
        _parts.Clear();
        _loops.Clear();
        bool sampled = _sampler.Take(step);
        _traced = sampled && Spans.Training.HasListeners();
        _watched = sampled && instruments.UpdateNorm.Enabled;
        _inStep = true;
        _started = _since = Stopwatch.GetTimestamp();
        _phase = StepPhase.Other;
        time.Enter(TimeKind.Productive);
    }

    /// <summary>The phase before ends here, and this one begins.</summary>
    public void Enter(StepPhase phase)
    {
        Close(Stopwatch.GetTimestamp());
        _phase = phase;
        if (phase == StepPhase.AllReduce) time.Exchange();
        else time.Enter(phase switch { StepPhase.Data => TimeKind.DataWait, StepPhase.Stall => TimeKind.CheckpointStall, _ => TimeKind.Productive });
    }

    /// <summary>What is to look at the loops of the micro-batch that comes now; null for all but the first of a sampled step. The caller disposes of it.</summary>
    public LoopWatch? Watch()
    {
        _watch = _watched ? new LoopWatch() : null;
        _watched = false;
        return _watch;
    }

    /// <summary>A micro-batch that began with <see cref="StepPhase.Forward"/> was computed; what the forward pass did not take is the backward's.</summary>
    public void Computed(ComputedMicroBatch computed)
    {
        _loops.Add(computed.Loops ?? _replica?.Model.Loops ?? 1);
        long turned = Math.Min(_since + (long)(computed.Forward.TotalSeconds * Stopwatch.Frequency), Stopwatch.GetTimestamp());
        Close(turned);
        _phase = StepPhase.Backward;
        if (_watch is null) return;
        // Its numbers were computed long before the loss that training has just waited for.
        Looped(_watch.Read(), _watch.Routers);
        _watch = null;
    }

    /// <summary>The step is committed, and nothing of it is left to do.</summary>
    /// <param name="report">What is known of it.</param>
    /// <param name="tokens">Scored tokens of this rank's micro-batches.</param>
    /// <param name="highestLoss">The highest mean loss of a rank.</param>
    public void Finish(StepReport report, long tokens, double highestLoss)
    {
        long now = Stopwatch.GetTimestamp();
        Close(now);
        (_phase, _inStep) = (StepPhase.Other, false);
        double step = 0;
        for (int phase = 0; phase < StepPhases.Count; phase++)
        {
            step += _seconds[phase];
            instruments.PhaseDuration.Record(_seconds[phase], new Tag(Phase, StepPhases[phase]));
        }
        instruments.StepDuration.Record(step);
        instruments.CommDuration.Record(_seconds[(int)StepPhase.AllReduce], new Tag(Op, "allreduce"));
        instruments.CommIo.Add(ReducedBytes, new Tag(Op, "allreduce"));
        instruments.Steps.Add(1);
        instruments.Tokens.Add(tokens);
        double flops = 0;
        foreach (int loops in _loops)
        {
            flops += Flops(loops);
            instruments.Recurrence.Record(loops);
        }
        instruments.Flops.Add(flops);
        if (_peak is { } peak) instruments.Mfu.Record(flops / (step * peak));
        Measured(report);
        instruments.Loss.Record(highestLoss, new Tag(Kind, "max_rank"));
        if (_traced) Tell(report, tokens, now);
    }

    /// <summary>The generation broke: a step in progress was not committed.</summary>
    public void Break()
    {
        if (_inStep) instruments.SkippedSteps.Add(1, new Tag(Reason, "not_committed"));
        (_phase, _inStep) = (StepPhase.Other, false);
    }

    /// <summary>Of a micro-batch, forward and backward: two operations for each multiply–accumulate, three times.</summary>
    private double Flops(int loops) => 6 * (_work?.MultiplyAccumulates(loops) ?? 0);

    private void Measured(StepReport report)
    {
        // A loss that is not a number is news, and shown as such.
        instruments.Loss.Record(report.Loss, new Tag(Kind, "last"));
        if (double.IsFinite(report.Loss))
        {
            _average = double.IsNaN(_average) ? report.Loss : Smoothing * _average + (1 - Smoothing) * report.Loss;
            instruments.Loss.Record(_average, new Tag(Kind, "ema"));
        }
        if (report.Regulariser is { } penalty) instruments.Regulariser.Record(penalty);
        instruments.GradientNorm.Record(report.GradientNorm);
        instruments.LearningRate.Record(report.LearningRate);
        instruments.Progress.Record((double)report.Step / report.Steps);
        if (report.Skipped) instruments.SkippedSteps.Add(1, new Tag(Reason, "nonfinite"));
    }

    private void Looped(IReadOnlyList<LoopNumbers> loops, IReadOnlyList<double> routers)
    {
        foreach (int loop in LoopedAttributes.Loops)
        {
            if (loop > loops.Count) break;
            instruments.ActiveTokens.Record(loops[loop - 1].Active, new Tag(Loop, loop));
            // A loop that nobody entered has none.
            if (loops[loop - 1].Active > 0) instruments.UpdateNorm.Record(loops[loop - 1].Update, new Tag(Loop, loop));
        }
        for (int router = 0; router < Math.Min(routers.Count, MostRouters); router++) instruments.RouterLoad.Record(routers[router], new Tag(Expert, router));
    }

    private void Close(long now)
    {
        _seconds[(int)_phase] += Stopwatch.GetElapsedTime(_since, now).TotalSeconds;
        if (_phase == StepPhase.Data) instruments.DataWait.Record(Stopwatch.GetElapsedTime(_since, now).TotalSeconds);
        if (_traced && _phase < StepPhase.Other) _parts.Add((_phase, _since, now));
        _since = now;
    }

    private void Tell(StepReport report, long tokens, long now)
    {
        DateTime end = DateTime.UtcNow;
        DateTime At(long timestamp) => end - Stopwatch.GetElapsedTime(timestamp, now);
        ActivityContext step = Spans.Tell(Spans.Training, Spans.Step, default, At(_started), end, _generation,
            new Tag(Step, report.Step), new Tag(Rank, _rank), new Tag(LoopedAttributes.Generation, report.Generation), new Tag(LoopedAttributes.Tokens, tokens));
        foreach ((StepPhase phase, long from, long to) in _parts) Spans.Tell(Spans.Training, StepPhases[(int)phase], step, At(from), At(to));
    }
}
