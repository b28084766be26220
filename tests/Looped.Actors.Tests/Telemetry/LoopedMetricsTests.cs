using Looped.Actors.Telemetry;
using static Looped.Actors.Telemetry.InstrumentKind;

namespace Looped.Actors.Tests.Telemetry;

/// <summary>The instruments against the reference, copied from it line by line.</summary>
public class LoopedMetricsTests
{
    public static TheoryData<string, InstrumentKind, string, string> Reference => new()
    {
        { "looped.train.steps", Counter, "{step}", "looped_train_steps_total" },
        { "looped.train.tokens", Counter, "{token}", "looped_train_tokens_total" },
        { "looped.train.step.duration", Histogram, "s", "looped_train_step_duration_seconds" },
        { "looped.train.phase.duration", Histogram, "s", "looped_train_phase_duration_seconds" },
        { "looped.train.loss", Gauge, "{nat}", "looped_train_loss" },
        { "looped.eval.loss", Gauge, "{nat}", "looped_eval_loss" },
        { "looped.train.grad_norm", Gauge, "1", "looped_train_grad_norm" },
        { "looped.train.learning_rate", Gauge, "1", "looped_train_learning_rate" },
        { "looped.train.regulariser", Gauge, "1", "looped_train_regulariser" },
        { "looped.train.progress", Gauge, "1", "looped_train_progress" },
        { "looped.train.flops", Counter, "{flop}", "looped_train_flops_total" },
        { "looped.train.mfu", Gauge, "1", "looped_train_mfu" },
        { "looped.train.skipped_steps", Counter, "{step}", "looped_train_skipped_steps_total" },
        { "looped.model.recurrence", Histogram, "{loop}", "looped_model_recurrence" },
        { "looped.model.loop.active_tokens", Gauge, "1", "looped_model_loop_active_tokens" },
        { "looped.model.loop.update_norm", Gauge, "1", "looped_model_loop_update_norm" },
        { "looped.model.router.load", Gauge, "1", "looped_model_router_load" },
        { "looped.cluster.workers", UpDown, "{worker}", "looped_cluster_workers" },
        { "looped.cluster.world_size", Gauge, "{worker}", "looped_cluster_world_size" },
        { "looped.cluster.generation", Gauge, "{generation}", "looped_cluster_generation" },
        { "looped.cluster.generations", Counter, "{generation}", "looped_cluster_generations_total" },
        { "looped.cluster.preemptions", Counter, "{preemption}", "looped_cluster_preemptions_total" },
        { "looped.cluster.lost_micro_batches", Counter, "{micro_batch}", "looped_cluster_lost_micro_batches_total" },
        { "looped.cluster.lost_steps", Counter, "{step}", "looped_cluster_lost_steps_total" },
        { "looped.cluster.recovery.duration", Histogram, "s", "looped_cluster_recovery_duration_seconds" },
        { "looped.cluster.drain.duration", Histogram, "s", "looped_cluster_drain_duration_seconds" },
        { "looped.cluster.heartbeat.age", Gauge, "s", "looped_cluster_heartbeat_age_seconds" },
        { "looped.cluster.stale_messages", Counter, "{message}", "looped_cluster_stale_messages_total" },
        { "looped.comm.duration", Histogram, "s", "looped_comm_duration_seconds" },
        { "looped.comm.io", Counter, "By", "looped_comm_io_bytes_total" },
        { "looped.time", Counter, "s", "looped_time_seconds_total" },
        { "looped.checkpoint.duration", Histogram, "s", "looped_checkpoint_duration_seconds" },
        { "looped.checkpoint.io", Counter, "By", "looped_checkpoint_io_bytes_total" },
        { "looped.checkpoint.age", Gauge, "s", "looped_checkpoint_age_seconds" },
        { "looped.checkpoint.failures", Counter, "{failure}", "looped_checkpoint_failures_total" },
        { "looped.data.wait", Histogram, "s", "looped_data_wait_seconds" },
        { "looped.data.queue.length", UpDown, "{batch}", "looped_data_queue_length" },
        { "hw.gpu.utilization", Gauge, "1", "hw_gpu_utilization" },
        { "hw.gpu.memory.utilization", Gauge, "1", "hw_gpu_memory_utilization" },
        { "hw.gpu.memory.usage", UpDown, "By", "hw_gpu_memory_usage_bytes" },
        { "hw.gpu.memory.limit", UpDown, "By", "hw_gpu_memory_limit_bytes" },
        { "hw.gpu.io", Counter, "By", "hw_gpu_io_bytes_total" },
        { "hw.power", Gauge, "W", "hw_power_watts" },
        { "hw.temperature", Gauge, "Cel", "hw_temperature_celsius" },
        { "hw.energy", Counter, "J", "hw_energy_joules_total" },
        { "hw.errors", Counter, "{error}", "hw_errors_total" },
        { "looped.memory.tensors", UpDown, "{tensor}", "looped_memory_tensors" },
    };

    [Theory, MemberData(nameof(Reference))]
    public void An_instrument_is_as_the_reference_says(string name, InstrumentKind kind, string unit, string prometheus)
    {
        InstrumentDefinition found = Assert.Single(LoopedMetrics.All, d => d.Name == name);
        Assert.Equal((kind, unit, prometheus), (found.Kind, found.Unit, found.PrometheusName));
        Assert.Equal(kind == Histogram, found.Buckets.Count > 0);
        Assert.Contains(found.Meter, LoopedMetrics.Meters);
    }

    [Fact]
    public void There_is_no_instrument_beside_the_reference() =>
        Assert.Equal(Reference.Select(r => r.Data.Item1).Order(), LoopedMetrics.All.Select(d => d.Name).Order());
}
