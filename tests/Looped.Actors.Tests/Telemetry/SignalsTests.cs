using System.Diagnostics;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;

namespace Looped.Actors.Tests.Telemetry;

/// <summary>Listens to the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess : ICollectionFixture<TwoWorkers>;

[Collection(nameof(WholeProcess))]
public class SignalsTests(TwoWorkers run)
{
    /// <summary>What this run has no occasion for: a penalty, a peak to compare with, routers, GPUs.</summary>
    private static readonly string[] Absent =
    [
        "looped.train.regulariser", "looped.train.mfu", "looped.model.router.load",
        .. LoopedMetrics.All.Select(d => d.Name).Where(n => n.StartsWith("hw.", StringComparison.Ordinal)),
    ];

    [Fact]
    public void Listening_changes_no_bit()
    {
        Assert.Equal((RunOutcome.Finished, TwoWorkers.Steps), (run.Ended.Outcome, run.Ended.Step));
        Assert.Equal(run.Toy.HashWithoutActors(), run.Toy.Steps[^1].WeightsSha256);
    }

    [Fact]
    public void A_run_of_two_workers_records_every_instrument_it_can() =>
        Assert.Equal(LoopedMetrics.All.Select(d => d.Name).Except(Absent).Order(), run.Signals.Sums.Keys.Where(k => !k.Contains('{', StringComparison.Ordinal)).Order());

    [Fact]
    public void A_gpu_shows_under_the_conventional_names_and_what_it_does_not_know_does_not()
    {
        using var instruments = new Instruments();
        using IDisposable shown = instruments.Gpus.Add(() => new GpuNumbers("GPU-1", "H1", 0.5, 20, 80, 300, null, 1e6, 7, 8, 0));
        using var signals = new Signals();
        signals.Look();
        Assert.Equal(0.5, signals.Sums["hw.gpu.utilization{GPU-1,gpu,H1,general}"]);
        Assert.Equal(0.25, signals.Sums["hw.gpu.memory.utilization{GPU-1,gpu,H1}"]);
        Assert.Equal((20, 80, 300, 1e6), (signals.Sums["hw.gpu.memory.usage"], signals.Sums["hw.gpu.memory.limit"], signals.Sums["hw.power"], signals.Sums["hw.energy"]));
        Assert.DoesNotContain("hw.temperature", signals.Sums.Keys);
    }

    [Fact]
    public void Values_stay_within_their_closed_sets()
    {
        string[] allowed =
        [
            .. LoopedAttributes.StepPhases, .. LoopedAttributes.RecoveryPhases, .. LoopedAttributes.CheckpointPhases, .. LoopedAttributes.SkipReasons,
            .. LoopedAttributes.GenerationReasons, .. LoopedAttributes.PreemptionReasons, .. LoopedAttributes.LossReasons, .. LoopedAttributes.DrainOutcomes,
            .. LoopedAttributes.WorkerStates, .. LoopedAttributes.Operations, .. LoopedAttributes.TimeKinds, .. LoopedAttributes.LossKinds,
            .. LoopedAttributes.CheckpointErrors, .. LoopedAttributes.Directions, .. LoopedAttributes.Loops.Select(l => $"{l}"), "validation", "cpu",
        ];
        string[] series = [.. run.Signals.Sums.Keys.Where(k => k.Contains('{', StringComparison.Ordinal))];
        Assert.All(series, s => Assert.Contains(s.Split('{')[1].TrimEnd('}'), allowed));
        Assert.InRange(series.Length, 50, 300);
    }

    [Fact]
    public void What_happened_is_counted_once()
    {
        // Two workers commit until one leaves; the step that the break interrupted was begun by both.
        Assert.InRange(run.Signals.Sums["looped.train.steps"], TwoWorkers.Steps + TwoWorkers.LeavesAfter, 2 * TwoWorkers.Steps - 1);
        Assert.Equal(TwoWorkers.Steps * 48, run.Signals.Sums["looped.train.tokens"]);
        Assert.Equal(1, run.Signals.Sums["looped.cluster.generations{join}"]);
        Assert.Equal(1, run.Signals.Sums["looped.cluster.generations{failed}"]);
        Assert.Equal(1, run.Signals.Sums["looped.cluster.generations{preempted}"]);
        Assert.Equal(1, run.Signals.Sums["looped.cluster.preemptions{sigterm}"]);
        Assert.Equal(0, run.Signals.Sums["looped.cluster.preemptions{node_lost}"]);
        Assert.Equal(0, run.Signals.Sums["looped.cluster.lost_steps"]);
    }

    [Fact]
    public void The_highest_loss_of_a_rank_is_no_less_than_the_mean()
    {
        double Loss(string kind) => run.Signals.Sums[$"looped.train.loss{{{kind}}}"];
        Assert.InRange(Loss("max_rank"), Loss("last"), 1.5 * Loss("last"));
    }

    [Fact]
    public void Loops_are_looked_at_in_sampled_steps()
    {
        Assert.True(run.Signals.Sums["looped.model.loop.update_norm{1}"] > 0);
        Assert.InRange(run.Signals.Sums["looped.model.loop.active_tokens{1}"], 20, run.Signals.Sums["looped.train.steps"] - 1);
    }

    [Fact]
    public void Phases_add_up_to_the_steps()
    {
        double phases = LoopedAttributes.StepPhases.Sum(p => run.Signals.Sums[$"looped.train.phase.duration{{{p}}}"]);
        Assert.Equal(run.Signals.Sums["looped.train.step.duration"], phases, 1e-9);
    }

    [Fact]
    public void The_end_tells_what_the_time_of_all_workers_was_spent_on()
    {
        TimeTotals time = Assert.IsType<TimeTotals>(run.Ended.Time);
        Assert.InRange(time.Goodput, 0.001, 1);
        Assert.All((double[])[time.Productive, time.Startup, time.Recovery, time.CheckpointStall], part => Assert.True(part > 0));
    }

    [Fact]
    public void A_recovery_is_one_trace_over_all_nodes()
    {
        Activity[] recoveries = [.. run.Signals.Named("looped.recovery")];
        Assert.Equal(3, recoveries.Length); // the supervisor's and those of two survivors
        ActivityTraceId trace = Assert.Single(recoveries.Select(r => r.TraceId).Distinct());
        Activity generation = Assert.Single(run.Signals.Named("looped.generation"), g => g.TraceId == trace);
        Assert.All(recoveries, r => Assert.Equal(generation.SpanId, r.ParentSpanId));
        Activity[] survivors = [.. recoveries.Where(r => r.GetTagItem("looped.worker") is not null)];
        Assert.Equal(["first", "second"], survivors.Select(r => (string)r.GetTagItem("looped.worker")!).Order());
        Assert.All(survivors, survivor => Assert.Equal(["detect", "abort", "form", "connect", "copy", "first_step"],
            run.Signals.Spans.Where(s => s.ParentSpanId == survivor.SpanId).OrderBy(s => s.StartTimeUtc).ThenBy(s => s.StartTimeUtc + s.Duration).Select(s => s.OperationName)));
    }

    [Fact]
    public void Steps_are_roots_with_a_link_to_their_generation()
    {
        Activity[] steps = [.. run.Signals.Named("looped.step")];
        Assert.InRange(steps.Length, TwoWorkers.BreaksAfter, 2 * TwoWorkers.Steps);
        HashSet<ActivityTraceId> generations = [.. run.Signals.Named("looped.generation").Select(g => g.TraceId)];
        Assert.Equal(3, generations.Count);
        Assert.All(steps, step =>
        {
            Assert.Equal(default, step.ParentSpanId);
            Assert.Contains(Assert.Single(step.Links).Context.TraceId, generations);
        });
        Activity traced = steps[0];
        Assert.Superset(new HashSet<string> { "data", "forward", "backward", "allreduce", "optimizer" },
            run.Signals.Spans.Where(s => s.ParentSpanId == traced.SpanId).Select(s => s.OperationName).ToHashSet());
    }

    [Fact]
    public void Checkpoints_and_drains_are_always_traced()
    {
        Activity drain = Assert.Single(run.Signals.Named("looped.drain"));
        Assert.Equal(("SIGTERM", 25.0), (drain.GetTagItem("looped.signal"), drain.GetTagItem("looped.deadline")));
        Activity[] checkpoints = [.. run.Signals.Named("looped.checkpoint")];
        Assert.NotEmpty(checkpoints);
        Assert.All(checkpoints, c => Assert.Equal(["stall", "write"],
            run.Signals.Spans.Where(s => s.ParentSpanId == c.SpanId).Select(s => s.OperationName).Order()));
        Activity whole = Assert.Single(run.Signals.Named("looped.run"));
        Assert.All(run.Signals.Named("looped.generation"), g => Assert.Equal(whole.TraceId, Assert.Single(g.Links).Context.TraceId));
    }
}
