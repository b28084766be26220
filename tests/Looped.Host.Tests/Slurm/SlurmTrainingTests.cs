using System.Globalization;
using System.Runtime.Versioning;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Tests.Clustering;

namespace Looped.Host.Tests.Slurm;

/// <summary>The generated scripts with the program itself under a real SLURM: a worker is preempted and comes back, and the weights are those of an undisturbed run.</summary>
[SupportedOSPlatform("linux")]
[Collection(nameof(LongClusterProcesses))]
public sealed class SlurmTrainingTests(LongUndisturbedRun undisturbed)
{
    private const string Needs = "needs root and slurmctld, slurmd, munged (apt-get install --no-install-recommends slurm-wlm munge)";

    public static bool Available => SlurmCluster.Available;

    [Theory(Explicit = true, Skip = Needs, SkipUnless = nameof(Available))]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_preempted_worker_leaves_in_time_comes_back_and_changes_no_bit(bool graceTime)
    {
        string folder = undisturbed.Prepared(), name = $"runs/slurm-{graceTime}";
        var run = new RunFolder(Path.Combine(folder, name));
        using LoopedProcess looped = LoopedProcess.Start(folder, undisturbed.Environment, "slurm", "elastic.yaml", "--workers", "2", "--partition", "scavenger", "--seed-partition", "normal",
            "--cpus", "1", "--memory", "100M", "--grace", "10", "--run", name, "--port", graceTime ? "4063" : "4064");
        (await looped.WaitAsync()).Expect(ExitCode.Finished);
        using SlurmCluster cluster = new SlurmCluster(graceTime, undisturbed.Environment).Started();
        Assert.StartsWith("seed: job 1; workers: array 2;", cluster.SayIn(folder, "bash", $"{name}/slurm/submit.sh"), StringComparison.Ordinal);
        cluster.Await("a step by both workers", () => Members(run) == 2);

        // One of four CPUs is free; a job with the right of way needs two.
        cluster.Say("sbatch", "--partition=normal", "--ntasks=2", "--output=/dev/null", "--wrap=sleep 1");
        cluster.Await("one worker in the queue again", () => cluster.Say("squeue", "-h", "-t", "PD", "-o", "%P %r").Trim() == "scavenger BeginTime");
        // Without a GraceTime, SLURM signals the batch script too, which cannot write any more.
        if (graceTime) Assert.Contains("rc=75", Logs(run), StringComparison.Ordinal);
        cluster.Await("a step by one worker", () => Members(run) == 1);
        cluster.Say("scontrol", "update", $"jobid={cluster.Say("squeue", "-h", "-t", "PD", "-o", "%A").Trim()}", "StartTime=now");
        cluster.Await("a step by both again", () => Members(run) == 2);

        cluster.Await("an empty queue", () => cluster.Say("squeue", "-h").Trim().Length == 0);
        Assert.Equal(4, cluster.Say("scontrol", "show", "job").Split("JobState=COMPLETED").Length - 1);
        await undisturbed.MustEqual(run);
        Assert.Equal(undisturbed.Steps.ToString(CultureInfo.InvariantCulture), $"{StepLog.Read<StepAssignment>(run.Steps)[^1].Step}");
    }

    private static int Members(RunFolder run) => File.Exists(run.Steps) && StepLog.Read<StepAssignment>(run.Steps) is [.., { } last] ? last.Members.Count : 0;

    private static string Logs(RunFolder run) => string.Join('\n', Directory.EnumerateFiles(run.Logs, "slurm-worker-*.log").Select(File.ReadAllText));
}
