using System.Text.Json;
using Looped.Actors.Clustering;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;

namespace Looped.Actors.Tests;

public class WireSerializerTests
{
    [Fact]
    public void Every_message_type_has_a_manifest()
    {
        Type[] messages = [.. typeof(IWireMessage).Assembly.GetTypes().Where(t => typeof(IWireMessage).IsAssignableFrom(t) && !t.IsInterface)];
        Assert.Empty(messages.Except(WireSerializer.Types));
        Assert.All(messages, type => Assert.NotNull(WireContext.Default.GetTypeInfo(type)));
    }

    [Fact]
    public void A_plan_carries_its_trace_context_from_worker_to_worker()
    {
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var plan = new Supervision.GenerationPlan(Supervision.Generation.Even(1, 7, ["a", "b"], 4), ["a:1", "b:2"], null, -1, null, null, false) { Trace = Trace };
        Assert.Equal(Trace, Supervision.PlanJson.Read(Supervision.PlanJson.Write(plan)).Trace);
        Assert.Null(Supervision.PlanJson.Read(Supervision.PlanJson.Write(plan with { Trace = null })).Trace);
    }

    [Fact]
    public void A_status_carries_the_account_of_its_workers_time()
    {
        var time = new TimeTotals { Productive = 1, Startup = 2, DataWait = 3, CheckpointStall = 4, Recovery = 5, Idle = 6, LostWork = 7 };
        var status = new Supervision.WorkerReported(new Supervision.WorkerStatus { Worker = "a", Time = time });
        string json = JsonSerializer.Serialize(status, typeof(Supervision.WorkerReported), WireContext.Default);
        Assert.Equal(time, ((Supervision.WorkerReported)JsonSerializer.Deserialize(json, typeof(Supervision.WorkerReported), WireContext.Default)!).Status.Time);
    }

    [Fact]
    public void Numbers_that_are_not_finite_survive()
    {
        var report = new Training.StepReport(1, 2, double.NaN, 1e-3, double.PositiveInfinity, 5, 6, 7, 1, 1, true);
        string json = JsonSerializer.Serialize(new Supervision.StepCommitted(report), typeof(Supervision.StepCommitted), WireContext.Default);
        Assert.Equal(report, ((Supervision.StepCommitted)JsonSerializer.Deserialize(json, typeof(Supervision.StepCommitted), WireContext.Default)!).Report);
    }

    [Fact]
    public void The_largest_cluster_s_messages_fit_into_a_frame_with_room_to_spare()
    {
        const int Most = 4096;
        string[] names = [.. Enumerable.Range(0, Most).Select(i => $"a-rather-long-host-name-of-a-cluster-{i:D4}.example.org-{1000000 + i}")];
        string[] endpoints = [.. names.Select(n => $"{n}:65535")];
        var generation = Supervision.Generation.Even(1_000, 100_000, names, Most);
        var plan = new Supervision.GenerationPlan(generation, endpoints, new(1_000, 99_999), 1_000_000, new string('f', 64), generation.Assignment, false);
        Supervision.WorkerPicture[] workers = [.. names.Select(n => new Supervision.WorkerPicture(n, 4095, RankActivity.Preparing, $"{n}:65535", 1_000_000, 1, Math.PI, Math.E, true,
            "NVIDIA H100 80GB HBM3"))];
        IWireMessage[] largest =
        [
            new Supervision.GenerationPlanned(plan),
            new Supervision.RunDescribed(new string('r', 20_000), new string('f', 64), new string('f', 64), "/folder", endpoints),
            new Supervision.WorkersChanged([.. names.Select(n => new Supervision.WorkerPlace(n, 4095, n))], "seed"),
            new Supervision.ClusterPicture("run", "/folder", 1, "1.1", 1, 1, 1, 1, 1, null, workers, []),
            new Supervision.WorkerReported(new Supervision.WorkerStatus { Worker = names[0], Held = [.. Enumerable.Range(0, Most)], Culprits = names, Lost = names }),
        ];
        Assert.All(largest, message => Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), WireContext.Default).Length,
            10_000, ClusterConfiguration.LargestMessage / 4));
    }
}
