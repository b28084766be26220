using Looped.Actors.Logging;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.Logging;
using Looped.Host.Tests.Progress;
using Looped.Tests;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Tests.Logging;

public sealed class ProcessLogTests : IDisposable
{
    private static readonly GenerationPlan Plan = new(new Generation(1, 4, ["a", "me"], [[0], [1]]), ["", ""], null, -1, null, null, false);

    private readonly TemporaryFolder _folder = new();

    private RunFolder Run => new(_folder["run"]);

    public void Dispose() => _folder.Dispose();

    private string[] Logged(string role, Action<RunLogger> write, bool verbose = false)
    {
        Run.Create();
        using (ProcessLog log = ProcessLog.Open(Run, role, verbose)) write(log.Run);
        string file = Assert.Single(Directory.GetFiles(Run.Logs, $"{role}-{Environment.MachineName}-{Environment.ProcessId}.log"));
        return File.ReadAllLines(file);
    }

    private static StepReport Step(long step) => new(step, 100, 2, 1e-3, 0.5, step * 100, 1000, 0.1, 4, 2, false);

    [Fact]
    public void A_line_is_a_sentence_with_the_fields_at_its_end()
    {
        string line = Assert.Single(Logged("seed", log => new SupervisorLines(Run, log, TimeProvider.System)
            .Record(new RunEvent(RunEventKind.Lost, 812) { Worker = "node-3", Generation = 4, WorldSize = 2, Reason = "its connection broke" })));
        Assert.Matches("^[0-9]{4}-[0-9-]{5}T[0-9:]{8}\\.[0-9]{3}Z WARN worker node-3 lost \\(its connection broke\\) at step 812; training continues with world size 2; 0 steps lost  \\{", line);
        foreach (string field in (string[])["\"Id\":1005", "\"looped.run.id\":\"run\"", "\"looped.role\":\"seed\"", "\"looped.generation\":4", "\"looped.step\":812"])
            Assert.Contains(field, line, StringComparison.Ordinal);
        Assert.Single(RunEventLog.Read(Run, out _));
    }

    [Fact]
    public void Steps_are_logged_once_in_a_while_or_all_of_them_if_asked()
    {
        var clock = new ManualClock();
        void Train(RunLogger log)
        {
            var lines = new SupervisorLines(Run, log, clock);
            for (int s = 1; s <= 100; s++)
            {
                clock.Advance(1);
                lines.Follow(new StepCommitted(Step(s)));
            }
            lines.Follow(new RunNote("generation 1.4 is planned: a, me"));
            lines.Follow(new RunNote("warning: another machine"));
        }
        Assert.Equal(["step 1 ", "step 31 ", "step 61 ", "step 91 ", "step 100 ", "warning:"], Logged("quiet", Train).Select(l => string.Join(' ', l.Split(' ').Skip(2).Take(l.Contains("warning", StringComparison.Ordinal) ? 1 : 2)) + (l.Contains("warning", StringComparison.Ordinal) ? "" : " ")));
        Assert.Equal(102, Logged("verbose", Train, verbose: true).Length);
    }

    [Fact]
    public void A_worker_tells_when_it_takes_part_when_its_generation_breaks_and_how_it_ended()
    {
        string[] lines = Logged("worker", log =>
        {
            var worker = new WorkerLines("me", log);
            WorkerStatus status = new() { Worker = "me", Activity = RankActivity.Running, InForce = Plan.Id, HasState = true, Step = 7 };
            worker.Told(new WorkerReported(status)); // its peers were faster with the plan than the supervisor
            worker.Heard(new GenerationPlanned(Plan));
            for (int beat = 0; beat < 3; beat++) worker.Told(new WorkerReported(status));
            for (int beat = 0; beat < 3; beat++) worker.Told(new WorkerReported(status with { Activity = RankActivity.Idle, Lost = ["a"] }));
            worker.Told(new WorkerEnded("me", RunOutcome.Interrupted, 9, null));
            worker.Told(new WorkerEnded("me", RunOutcome.Failed, 9, "the disk is gone"));
        });
        Assert.Equal(4, lines.Length);
        Assert.Contains("INFO rank 1 of 2 in generation 4 from step 7 on", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"looped.rank\":1,\"looped.generation\":4,\"looped.step\":7", lines[0], StringComparison.Ordinal);
        Assert.Contains("WARN generation 4 broke at step 7; lost: a;", lines[1], StringComparison.Ordinal);
        Assert.Contains("through at step 9: interrupted", lines[2], StringComparison.Ordinal);
        Assert.Contains("EROR failed at step 9: the disk is gone", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_libraries_have_the_scope_too()
    {
        Run.Create();
        using (ProcessLog log = ProcessLog.Open(Run, "lib", verbose: false))
        {
            log.Run.Scope = log.Run.Scope with { Rank = 3 };
            log.Factory.CreateLogger("Some.Library").LogWarning("slow");
        }
        Assert.Contains("\"looped.run.id\":\"run\",\"looped.role\":\"lib\",\"looped.rank\":3", File.ReadAllText(Directory.GetFiles(Run.Logs)[0]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_cannot_be_written_disturbs_nobody()
    {
        Run.Create();
        Directory.Delete(Run.Logs);
        File.WriteAllText(Run.Logs, "not a folder");
        using ProcessLog log = ProcessLog.Open(Run, "train", verbose: false);
        RunLog.Note(log.Run, "lost");
        RunLog.Warning(log.Run, "lost too");
        Assert.Equal("not a folder", File.ReadAllText(Run.Logs));
    }
}
