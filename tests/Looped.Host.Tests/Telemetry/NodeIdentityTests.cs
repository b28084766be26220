using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Telemetry;

namespace Looped.Host.Tests.Telemetry;

public class NodeIdentityTests
{
    [Fact]
    public void A_worker_is_known_by_its_run_and_slot_and_by_its_job()
    {
        var variables = new Dictionary<string, string> { ["SLURM_JOB_ID"] = "77", ["SLURM_ARRAY_TASK_ID"] = "3", ["SLURM_JOB_PARTITION"] = "spot" };
        Dictionary<string, object> attributes = new(new NodeIdentity("worker", "run-0001", 3).Attributes(variables.GetValueOrDefault));
        Assert.Equal("looped-worker", attributes["service.name"]);
        Assert.Equal("run-0001/worker-3", attributes["service.instance.id"]);
        Assert.Equal(("77", "3", "spot"), (attributes["slurm.job.id"], attributes["slurm.array.task.id"], attributes["slurm.partition"]));
        Assert.DoesNotContain("slurm.restart.count", attributes.Keys);
        Assert.Equal(("run-0001", "worker"), (attributes["looped.run.id"], attributes["looped.role"]));
    }

    [Fact]
    public void A_worker_is_scraped_above_the_port_of_its_seed()
    {
        Assert.Equal("10.0.0.7:9468", ScrapeAddress.OfWorker("10.0.0.7", null, 9464, 3).Target);
        Assert.Equal("node7:9465", ScrapeAddress.OfWorker("10.0.0.7", "node7", 9464, 0).Target);
        Assert.Equal("[::1]:9464", new ScrapeAddress("::1", 9464).Target);
        Assert.Equal(0, ScrapeAddress.OfWorker("10.0.0.7", null, 0, 3).Port);
        Assert.Equal(["127.0.0.1", "localhost"], new ScrapeAddress("127.0.0.1", 9464).Hosts());
        Assert.Equal(["+"], new ScrapeAddress("0.0.0.0", 9464, "node7").Hosts());
    }

    [Fact]
    public void Targets_lie_beside_the_run_folder_while_the_run_lasts()
    {
        string folder = Directory.CreateTempSubdirectory("looped-targets-").FullName;
        try
        {
            string file = Path.Combine(folder, "targets-run-0001.json");
            using (var targets = new ScrapeTargets(new RunFolder(Path.Combine(folder, "run-0001")), new ScrapeAddress("10.0.0.6", 9464), "seed", Assert.Fail))
            {
                targets.Write([new WorkerPlace("a", 3, "10.0.0.7"), new WorkerPlace("b", 0, "[fe80::1]")]);
                JsonArray read = JsonNode.Parse(File.ReadAllText(file))!.AsArray();
                Assert.Equal(["10.0.0.6:9464", "10.0.0.7:9468", "[fe80::1]:9465"], read.Select(t => (string)t!["targets"]![0]!));
                Assert.Equal("""{"run":"run-0001","slot":"3","role":"worker"}""", read[1]!["labels"]!.ToJsonString());
            }
            Assert.False(File.Exists(file));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
