using System.Diagnostics;
using System.Runtime.Versioning;
using Looped.Host.CommandLine;
using Looped.Host.Slurm;
using Looped.Models;
using Looped.Tests;

namespace Looped.Host.Tests.Slurm;

[SupportedOSPlatform("linux")]
public sealed class SlurmCommandTests : IDisposable
{
    private static readonly string[] Sample = ["slurm", "quickstart", "--workers", "8", "--partition", "scavenger", "--seed-partition", "normal"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private async Task<LoopedResult> Write(params string[] more)
    {
        using LoopedProcess process = LoopedProcess.Start(_folder.Root, null, [.. Sample, .. more]);
        return await process.WaitAsync();
    }

    private string[] Lines(string file) => File.ReadAllLines(_folder[file]);

    private static async Task<(int Code, string Output)> Bash(params string[] args)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (bash.ExitCode, output);
    }

    [Fact]
    public async Task The_shipped_samples_are_what_the_command_writes()
    {
        (await Write("--output", "cluster-config/slurm", "--program", "looped")).Expect(ExitCode.Finished);
        string[] files = ["seed.sbatch", "submit.sh", "workers.sbatch"];
        Assert.Equal(files, Directory.EnumerateFiles(_folder["cluster-config/slurm"]).Select(Path.GetFileName).Order());
        Assert.All(files, file => Assert.Equal(File.ReadAllText(Repository.File($"cluster-config/slurm/{file}")), File.ReadAllText(_folder[$"cluster-config/slurm/{file}"])));
    }

    [Fact]
    public async Task The_workers_are_a_requeued_array_that_leaves_in_time_and_asks_to_come_back()
    {
        LoopedResult result = (await Write("--time", "2-0", "--cpus", "3", "--gpus", "1", "--set", "training.device=cuda", "--memory", "9G", "--grace", "10", "--account", "physics"))
            .Expect(ExitCode.Finished);
        Assert.Superset(new HashSet<string>
        {
            "#SBATCH --partition=scavenger", "#SBATCH --array=0-7", "#SBATCH --nodes=1", "#SBATCH --cpus-per-task=3", "#SBATCH --gres=gpu:1", "#SBATCH --mem=9G", "#SBATCH --time=2-0",
            "#SBATCH --account=physics", "#SBATCH --requeue", "#SBATCH --open-mode=append", "#SBATCH --signal=TERM@120",
            """  srun --ntasks=1 --kill-on-bad-exit=0 "${looped[@]}" worker --seed "$seed" --secret-file "$secret" --grace 8 --advertise "$here" """.TrimEnd(),
            "if [ \"$rc\" -eq 75 ]; then", "  scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\" || true", "exit $rc",
        }, Lines("runs/quickstart/slurm/workers.sbatch").ToHashSet());
        Assert.Contains("A worker leaves within 8 s of its notice. Partition scavenger must give 10 s", result.Output, StringComparison.Ordinal);
        Assert.Contains("Submit: bash runs/quickstart/slurm/submit.sh", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_seed_runs_on_the_ordinary_partition_with_the_recipe_and_a_secret_for_its_owner_alone()
    {
        (await Write("--port", "5000", "--set", "training.steps=20", "--set", "name=a b")).Expect(ExitCode.Finished);
        Assert.Superset(new HashSet<string>
        {
            "#SBATCH --partition=normal", "#SBATCH --requeue", "run='runs/a b'", "recipe=(quickstart --set training.steps=20 --set 'name=a b')",
            "here=$(node_address):5000", "address=$run/slurm/seed-address secret=$run/slurm/secret",
            """srun --ntasks=1 --kill-on-bad-exit=0 "${looped[@]}" seed "${recipe[@]}" --listen "$here" --run "$run" --secret-file "$secret" """.TrimEnd(),
            "  scontrol requeue \"$SLURM_JOB_ID\" || true",
        }, Lines("runs/a b/slurm/seed.sbatch").ToHashSet());
        Assert.DoesNotContain(Lines("runs/a b/slurm/seed.sbatch"), line => line.Contains("gres", StringComparison.Ordinal));
        Assert.Contains($"looped=(dotnet {Path.Combine(AppContext.BaseDirectory, "Looped.Host.dll")})", Lines("runs/a b/slurm/seed.sbatch"));
    }

    [Fact]
    public async Task Strange_folders_survive_the_shell_and_the_scripts_find_the_way_back_from_anywhere()
    {
        string run = "runs/it's $HOME; \"here\"";
        (await Write("--run", run, "--program", "looped")).Expect(ExitCode.Finished);
        foreach (string file in Directory.EnumerateFiles(_folder[$"{run}/slurm"])) Assert.Equal((0, ""), await Bash("-n", file));

        // A stand-in for sbatch says where it was called and with what.
        File.WriteAllText(_folder["sbatch"], "#!/bin/bash\npwd -P >&2\nprintf '%s\\n' \"$@\" >&2\necho '7;cluster'\n");
        File.SetUnixFileMode(_folder["sbatch"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        (int code, string output) = await Bash("-c", "PATH=\"$0:$PATH\"; cd /; bash \"$1\"", _folder.Root, _folder[$"{run}/slurm/submit.sh"]);
        Assert.True(code == 0, output);
        string[] lines = output.Split('\n');
        Assert.Equal(2, lines.Count(line => line == _folder.Root));
        Assert.Superset(new HashSet<string>
        {
            "seed: job 7; workers: array 7; logs: " + run + "/logs", "--dependency=after:7", $"--output={run}/logs/slurm-seed-%j.log",
            $"--output={run}/logs/slurm-worker-%A_%a.log", $"{run}/slurm/seed.sbatch", $"{run}/slurm/workers.sbatch",
        }, lines.ToHashSet());
        Assert.True(Directory.Exists(_folder[$"{run}/logs"]));
    }

    [Theory]
    [InlineData("--workers is 0", "--workers", "0")]
    [InlineData("--gpus is 2", "--gpus", "2")]
    [InlineData("--gpus 1 with training.device cpu", "--gpus", "1")]
    [InlineData("--grace is 1", "--grace", "1")]
    [InlineData("--cpus is 0", "--cpus", "0")]
    [InlineData("--port is 70000", "--port", "70000")]
    [InlineData("--time is 'soon'", "--time", "soon")]
    [InlineData("--time is '2'", "--time", "2")]
    [InlineData("--time is '0:01:59'", "--time", "0:01:59")]
    [InlineData("--grace is 1000006", "--grace", "1000006")]
    [InlineData("training.device is cuda, but the workers are given no GPU", "--set", "training.device=cuda")]
    [InlineData("--program is empty", "--program", " ")]
    [InlineData("--program is '/opt/my tools/looped; a quote in it is not closed", "--program", "'/opt/my tools/looped")]
    [InlineData("--memory is 'much'", "--memory", "much")]
    [InlineData("--partition is 'a b'", "--partition", "a b")]
    [InlineData("--account is 'x;y'", "--account", "x;y")]
    [InlineData("--run is 'runs/100%'", "--run", "runs/100%")]
    public async Task What_cannot_stand_in_a_job_script_is_bad_usage(string sentence, string option, string value)
    {
        string[] sample = [.. Sample.Where((word, i) => word != option && (i == 0 || Sample[i - 1] != option))];
        using LoopedProcess process = LoopedProcess.Start(_folder.Root, null, [.. sample, option, value]);
        LoopedResult result = (await process.WaitAsync()).Expect(ExitCode.BadUsage);
        Assert.StartsWith($"error: {sentence}", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public async Task The_program_is_read_as_a_shell_reads_it()
    {
        (await Write("--program", "'/opt/my tools/looped' --verbose")).Expect(ExitCode.Finished);
        Assert.Contains("looped=('/opt/my tools/looped' --verbose)", Lines("runs/quickstart/slurm/workers.sbatch"));
    }

    [Theory]
    [InlineData("0"), InlineData("00:00"), InlineData("3"), InlineData("2:01"), InlineData("0:02:01"), InlineData("0-1"), InlineData("0-0:03"), InlineData("0-0:02:01"), InlineData("7-0")]
    public void A_limit_that_leaves_time_to_work_before_notice_is_accepted_and_zero_is_none(string time) => Assert.Equal(time, (Job(30) with { Time = time }).Checked().Time);

    [Theory]
    [InlineData("1"), InlineData("2"), InlineData("1:30"), InlineData("2:00"), InlineData("0:02:00"), InlineData("0-0:02"), InlineData("0-0:01:30")]
    public void A_limit_that_is_over_at_the_first_notice_is_refused(string time) =>
        Assert.StartsWith($"--time is '{time}'; a job is told to leave 120 s before its limit", Assert.Throws<UsageException>(() => (Job(30) with { Time = time }).Checked()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(5, 4)]
    [InlineData(10, 8)]
    [InlineData(30, 25)]
    [InlineData(600, 595)]
    public void A_worker_keeps_a_fifth_of_the_grace_and_at_most_five_seconds_for_leaving(int site, int worker) =>
        Assert.Equal(worker, Job(site).WorkerGrace);

    private static SlurmJob Job(int grace) => new()
    {
        Recipe = "r",
        Name = "r",
        Program = ["looped"],
        Run = "r",
        Output = "r",
        Workers = 1,
        Partition = "p",
        Time = "1:00:00",
        Cpus = 1,
        Gpus = 0,
        Memory = "1G",
        Grace = grace,
        Port = 1,
    };
}
