using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Tests;

namespace Looped.Host.Tests.Doctor;

public sealed class DoctorTests : IDisposable
{
    private const long Gibibyte = 1L << 30;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task This_machine_can_train_and_every_finding_that_is_not_ok_has_a_remedy()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("doctor", "--json", "--run", _folder["not/yet"])).Expect(ExitCode.Finished);
        JsonNode json = JsonNode.Parse(result.Output)!;
        Assert.True((bool)json["can_train"]!);
        JsonNode[] findings = [.. json["findings"]!.AsArray().Select(f => f!)];
        Assert.Equal(["system", ".NET", "LibTorch", "processor", "threads", "memory", "open files", "clock", "run folder", "GPU", "NCCL", "OTLP"],
            findings.Select(f => (string?)f["subject"]));
        Assert.Equal(250, (double)json["timings"]!.AsArray().Single(t => (string?)t!["name"] == "heartbeat")!["milliseconds"]!);
        Assert.All(findings, f => Assert.True((string?)f["status"] == "ok" || f["remedy"] is not null));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_fails_the_examination()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("doctor", "--run", "/proc/runs")).Expect(ExitCode.Failed);
        Assert.Contains("\nfail  run folder  /proc (proc, ", result.Output, StringComparison.Ordinal);
        Assert.Contains("\n                  → choose another place for runs with --run DIR\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("Training cannot work here yet: 1 finding must be mended first.\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_timings_of_a_cluster_are_listed_for_any_worker_timeout()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("doctor", "--worker-timeout", "10s", "--run", _folder.Root)).Expect(ExitCode.Finished);
        Assert.Contains("\nOf a cluster with cluster.worker_timeout: 10s\n", result.Output, StringComparison.Ordinal);
        Assert.Matches("\n      heartbeat  +500ms  between heartbeats of two nodes\n", result.Output);
        result = (await LoopedProcess.RunAsync("doctor", "--worker-timeout", "5", "--run", _folder.Root)).Expect(ExitCode.BadUsage);
        Assert.Contains("--worker-timeout must be a duration such as 500ms, 5s or 2m, from 500ms to 1h, not '5'", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, Architecture.X64, "2.36", nameof(Severity.Ok))]
    [InlineData(true, Architecture.X64, null, nameof(Severity.Fail))]
    [InlineData(true, Architecture.Arm64, "2.36", nameof(Severity.Fail))]
    [InlineData(false, Architecture.X64, null, nameof(Severity.Fail))]
    public void Only_64_bit_x86_Linux_with_glibc_is_supported(bool linux, Architecture architecture, string? glibc, string severity) =>
        Assert.Equal(severity, SoftwareChecks.System("A system", linux, architecture, glibc).Severity.ToString());

    [Theory]
    [InlineData("9.0.100 [/usr/share/dotnet/sdk]\n10.0.100 [/usr/share/dotnet/sdk]\n", nameof(Severity.Ok), "runtime 10.0.1, SDK 9.0.100, 10.0.100")]
    [InlineData("9.0.100 [/usr/share/dotnet/sdk]\n", nameof(Severity.Warn), "runtime 10.0.1, no SDK 10 on the path")]
    [InlineData(null, nameof(Severity.Warn), "runtime 10.0.1, no SDK 10 on the path")]
    public void A_missing_SDK_hinders_building_only(string? sdks, string severity, string fact)
    {
        Finding finding = SoftwareChecks.DotNet(new Version(10, 0, 1), sdks);
        Assert.Equal((severity, fact), (finding.Severity.ToString(), finding.Fact));
    }

    [Fact]
    public void LibTorch_that_does_not_load_is_a_failure_with_its_innermost_cause()
    {
        Finding finding = SoftwareChecks.LibTorch(() => throw new TypeInitializationException("torch", new DllNotFoundException("libgomp.so.1")), () => false);
        Assert.Equal((Severity.Fail, "it does not load: libgomp.so.1"), (finding.Severity, finding.Fact));
        Assert.Equal(Finding.Ok("LibTorch", "2.10 loads"), SoftwareChecks.LibTorch(() => "2.10", () => false));
        Assert.Contains("a private copy", SoftwareChecks.LibTorch(() => "2.10", () => true).Fact, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OMP_PROC_BIND", "close", true)]
    [InlineData("OMP_PROC_BIND", "false", false)]
    [InlineData("OMP_THREAD_LIMIT", "1", true)]
    [InlineData("OMP_THREAD_LIMIT", "64", false)]
    [InlineData("OMP_DYNAMIC", "true", true)]
    [InlineData("MKL_CBWR", "COMPATIBLE", true)]
    [InlineData("ATEN_CPU_CAPABILITY", "avx2", true)]
    [InlineData("OMP_NUM_THREADS", "1", false)]
    public void Variables_that_change_threads_or_bits_are_named(string name, string value, bool matters)
    {
        Finding finding = ResourceChecks.Threads(4, new Dictionary<string, string> { [name] = value, ["HOME"] = "/" });
        Assert.Equal(matters ? Severity.Warn : Severity.Ok, finding.Severity);
        Assert.Equal(matters || name == "OMP_NUM_THREADS", finding.Fact.Contains($"{name}={value}", StringComparison.Ordinal));
        Assert.Equal(matters, finding.Remedy?.StartsWith(name, StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void A_single_core_is_worth_a_word() => Assert.Equal(Severity.Warn, ResourceChecks.Threads(1, new Dictionary<string, string>()).Severity);

    [Theory]
    [InlineData(8.0, nameof(Severity.Ok))]
    [InlineData(1.0, nameof(Severity.Warn))]
    [InlineData(0.25, nameof(Severity.Fail))]
    public void Memory_is_judged_by_what_is_left(double gibibytes, string severity) =>
        Assert.Equal(severity, ResourceChecks.Memory((long)(gibibytes * Gibibyte), 16 * Gibibyte, 16 * Gibibyte).Severity.ToString());

    [Fact]
    public void A_limit_of_the_control_group_is_told_apart_from_the_machine() => Assert.Equal(
        "3.00 GiB available of 4.00 GiB (a limit of the control group; the machine has 16.0 GiB)",
        ResourceChecks.Memory(3 * Gibibyte, 4 * Gibibyte, 16 * Gibibyte).Fact);

    [Theory]
    [InlineData("1048576", nameof(Severity.Ok))]
    [InlineData("unlimited", nameof(Severity.Ok))]
    [InlineData("256", nameof(Severity.Warn))]
    public void Few_open_files_are_a_warning(string soft, string severity) => Assert.Equal(severity,
        ResourceChecks.OpenFiles($"Limit   Soft Limit   Hard Limit   Units\nMax processes   1   1   processes\nMax open files            {soft}         1048576    files\n").Severity.ToString());

    [Fact]
    public void A_clock_before_the_program_was_built_is_wrong()
    {
        DateTimeOffset built = new(2026, 1, 10, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(Severity.Ok, ResourceChecks.Clock(built.AddYears(1), built, synchronised: false).Severity);
        Assert.Equal(Severity.Warn, ResourceChecks.Clock(built.AddYears(-1), built, synchronised: true).Severity);
    }

    [Fact]
    public void A_folder_is_tried_with_what_a_checkpoint_does_and_left_as_it_was()
    {
        FolderTrial trial = FolderCheck.Try(_folder["a/b"]);
        Assert.Null(trial.Error);
        Assert.True(trial.Locks && trial.Free > 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void Every_defect_of_a_file_system_is_told()
    {
        var good = new FolderTrial("ext4", 100 * Gibibyte, 1, Locks: true, null);
        Assert.Equal(Finding.Ok("run folder", "/runs (ext4, 100 GiB free, 1 ms to flush a file)"), FolderCheck.Describe("/runs", good));
        Assert.Equal(Severity.Fail, FolderCheck.Describe("/runs", good with { Error = "Read-only file system" }).Severity);
        Assert.Equal(Severity.Fail, FolderCheck.Describe("/runs", good with { Free = 1000 }).Severity);
        Assert.Equal(Severity.Warn, FolderCheck.Describe("/runs", good with { Free = Gibibyte / 2 }).Severity);
        Assert.Equal(Severity.Warn, FolderCheck.Describe("/runs", good with { Locks = false }).Severity);
        Assert.Equal(Severity.Warn, FolderCheck.Describe("/runs", good with { Kind = "tmpfs" }).Severity);
    }

    [Theory]
    [InlineData(null, false, 0, nameof(Severity.Ok), "none; training runs on the CPU")]
    [InlineData(null, true, 0, nameof(Severity.Warn), "none found, though this is a CUDA build")]
    [InlineData("H100, 570.1, 81559 MiB\n", false, 0, nameof(Severity.Warn), "H100, 570.1, 81559 MiB, but this build is for the CPU")]
    [InlineData("H100, 470.1, 81559 MiB\n", true, 0, nameof(Severity.Warn), "H100, 470.1, 81559 MiB, which LibTorch cannot use")]
    [InlineData("H100, 570.1, 81559 MiB\n", true, 1, nameof(Severity.Ok), "1 usable (H100, 570.1, 81559 MiB); select it with training.device=cuda")]
    public void A_GPU_that_lies_idle_is_worth_a_word(string? listed, bool cudaBuild, int usable, string severity, string fact)
    {
        Finding finding = GpuChecks.Gpu(listed, cudaBuild, usable);
        Assert.Equal((severity, fact), (finding.Severity.ToString(), finding.Fact));
    }

    [Fact]
    public void NCCL_matters_only_to_several_GPUs()
    {
        Assert.Equal(Finding.Ok("NCCL", "NCCL 2.27.5 from libnccl.so.2"), GpuChecks.Nccl("NCCL 2.27.5 from libnccl.so.2", null, 0));
        Assert.Equal(Severity.Ok, GpuChecks.Nccl(null, "NCCL is not found.", 1).Severity);
        Assert.Equal((Severity.Warn, "NCCL is not found."), (GpuChecks.Nccl(null, "NCCL is not found.", 2).Severity, GpuChecks.Nccl(null, "NCCL is not found.", 2).Fact));
    }

    [Fact]
    public void A_program_that_does_not_exist_answers_nothing() => Assert.Null(OtherProgram.Output("looped-no-such-program"));
}
