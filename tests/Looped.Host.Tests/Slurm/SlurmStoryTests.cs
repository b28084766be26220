using System.Runtime.Versioning;
using Looped.Host.CommandLine;
using Looped.Tests;

namespace Looped.Host.Tests.Slurm;

/// <summary>The generated scripts under a real SLURM, with a stand-in for the program that behaves as it does towards signals and exit codes.</summary>
[SupportedOSPlatform("linux")]
public sealed class SlurmStoryTests : IDisposable
{
    private const string Needs = "needs root and slurmctld, slurmd, munged (apt-get install --no-install-recommends slurm-wlm munge)";

    private readonly TemporaryFolder _folder = new();

    public static bool Available => SlurmCluster.Available;

    public void Dispose() => _folder.Dispose();

    /// <summary>Leaves with 75 on notice and with 0 when the file <c>finish</c> appears.</summary>
    private string Program()
    {
        string path = _folder["program"];
        File.WriteAllText(path, $"#!/bin/bash\ntrap 'exit 75' TERM\necho \"program $*\"\nuntil [ -e {_folder["finish"]} ]; do sleep 0.1; done\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private string Log(string pattern) =>
        string.Join('\n', Directory.EnumerateFiles(_folder["runs/quickstart/logs"], pattern).Order(StringComparer.Ordinal).Select(File.ReadAllText));

    [Fact(Skip = Needs, SkipUnless = nameof(Available))]
    public async Task A_preempted_worker_is_requeued_alone_comes_back_and_the_finished_run_leaves_no_job_behind()
    {
        using LoopedProcess looped = LoopedProcess.Start(_folder.Root, null, "slurm", "quickstart", "--workers", "2", "--partition", "scavenger", "--seed-partition", "normal",
            "--cpus", "1", "--memory", "100M", "--grace", "10", "--program", Program());
        (await looped.WaitAsync()).Expect(ExitCode.Finished);
        using SlurmCluster cluster = new SlurmCluster().Started();

        Assert.StartsWith("seed: job 1; workers: array 2;", cluster.SayIn("/", "bash", _folder["runs/quickstart/slurm/submit.sh"]), StringComparison.Ordinal);
        cluster.Await("both workers", () => Log("slurm-worker-2_0.log").Contains("program worker", StringComparison.Ordinal) && Log("slurm-worker-2_1.log").Contains("program worker", StringComparison.Ordinal));
        Assert.Contains("program seed quickstart --listen 127.0.0.1:4053 --run runs/quickstart --secret-file runs/quickstart/slurm/secret", Log("slurm-seed-1.log"), StringComparison.Ordinal);
        Assert.Contains("program worker --seed 127.0.0.1:4053 --secret-file runs/quickstart/slurm/secret --grace 8 --advertise 127.0.0.1", Log("slurm-worker-2_0.log"), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["runs/quickstart/slurm/secret"]));

        // One of four CPUs is free; a job with the right of way needs two.
        cluster.Say("sbatch", "--partition=normal", "--ntasks=2", "--output=/dev/null", "--wrap=sleep 1");
        cluster.Await("one worker in the queue again", () => cluster.Say("squeue", "-h", "-t", "PD", "-o", "%P %r").Trim() == "scavenger BeginTime");
        string preempted = cluster.Say("squeue", "-h", "-t", "PD", "-o", "%A").Trim();
        Assert.Contains("Restarts=1 ", cluster.Say("scontrol", "show", "job", preempted), StringComparison.Ordinal);
        Assert.Equal("scavenger", cluster.Say("squeue", "-h", "-t", "R", "-p", "scavenger", "-o", "%P").Trim());
        Assert.Contains("rc=75", Log("slurm-worker-*.log"), StringComparison.Ordinal);

        cluster.Say("scontrol", "update", $"jobid={preempted}", "StartTime=now");
        cluster.Await("the worker's second life", () => Log("slurm-worker-*.log").Contains("restart 1, attempt 1", StringComparison.Ordinal));

        File.WriteAllText(_folder["finish"], "");
        cluster.Await("an empty queue", () => cluster.Say("squeue", "-h").Trim().Length == 0);
        Assert.Equal(4, cluster.Say("scontrol", "show", "job").Split("JobState=COMPLETED").Length - 1);
        Assert.Equal("ended 0\n", File.ReadAllText(_folder["runs/quickstart/slurm/seed-address"]));
    }
}
