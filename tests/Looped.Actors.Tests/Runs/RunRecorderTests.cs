using System.Diagnostics;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;
using Looped.Tests;

namespace Looped.Actors.Tests.Runs;

/// <summary>Logs whose disk is full, successors that write what their predecessor could not, and who may remove checkpoints.</summary>
public sealed class RunRecorderTests : IDisposable
{
    private static readonly RunRecipe Recipe = RecipeFile.Parse<RunRecipe>("""
        name: run
        seed: 7
        model: { family: cotformer, variant: ln_cotformer, layers: 3, width: 32, heads: 2, sequence_length: 32, repeats: 2, layers_begin: 1, layers_end: 1 }
        data: { source: text.txt, tokenizer: characters }
        batch: { global_sequences: 8, micro_sequences: 2 }
        training: { steps: 400 }
        checkpoint: { keep_last: 1, keep_best: false }
        """, "test", []);

    private static readonly Generation By = Generation.Even(1, 3, ["a", "b"], 4);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private RunFolder Made(string name = "run")
    {
        var folder = new RunFolder(_folder[name]);
        folder.Create();
        return folder;
    }

    private static StepReport Report(long step) => new(step, 400, 4.5 / step, 1e-3, 0.7, step * 2048, 2600, 0.8, 3, 2, false);

    private static IReadOnlyList<RecordedStep> Known(long first, long last)
    {
        var history = new StepHistory();
        for (long step = first; step <= last; step++) history.Add(new RecordedStep(Report(step), By));
        return history.UpTo(last);
    }

    private static void MustHave(RunFolder folder, params long[] steps)
    {
        Assert.Equal(steps, StepLog.ReadLines<StepReport>(folder.Metrics).Select(r => r.Step));
        Assert.Equal(steps, StepLog.ReadLines<StepAssignment>(folder.Steps).Select(r => r.Step));
    }

    [Theory]
    [InlineData("steps.jsonl"), InlineData("metrics.jsonl")]
    public void Lines_that_cannot_be_written_wait_and_follow_in_order_and_people_are_told_twice(string log)
    {
        RunFolder folder = Made();
        using var recorder = RunRecorder.Create(folder, Recipe, "data");
        string obstacle = Path.Combine(folder.Root, log);
        Directory.CreateDirectory(obstacle);
        recorder.Begin(0, []);
        recorder.RecordStep(Report(1), By);
        Assert.Contains("Training goes on; up to 10,000 lines of each log wait", recorder.Remark(), StringComparison.Ordinal);
        recorder.RecordStep(Report(2), By);
        Assert.Null(recorder.Remark());

        Directory.Delete(obstacle);
        recorder.RecordStep(Report(3), By);
        MustHave(folder, 1, 2, 3);
        Assert.Contains("can be written again", recorder.Remark(), StringComparison.Ordinal);
        recorder.RecordStep(Report(4), By);
        MustHave(folder, 1, 2, 3, 4);
        Assert.Null(recorder.Remark());
    }

    [Fact]
    public void An_evaluation_that_cannot_be_written_waits_for_the_next_line()
    {
        RunFolder folder = Made();
        using var recorder = RunRecorder.Create(folder, Recipe, "data");
        recorder.Begin(0, []);
        File.Delete(folder.Evaluations);
        Directory.CreateDirectory(folder.Evaluations);
        recorder.RecordEvaluation(new EvaluationReport(4, 2, 7, 100, false, 1));
        Assert.NotNull(recorder.Remark());
        Directory.Delete(folder.Evaluations);
        recorder.RecordStep(Report(5), By);
        Assert.Equal([4], StepLog.Read<EvaluationReport>(folder.Evaluations).Select(e => e.Step));
    }

    [Fact]
    public void A_successor_writes_the_lines_that_its_predecessor_could_not()
    {
        RunFolder folder = Made();
        using (var first = RunRecorder.Create(folder, Recipe, "data"))
        {
            first.Begin(0, []);
            first.RecordStep(Report(1), By);
        }
        using var second = RunRecorder.Create(folder, Recipe, "data");
        second.Begin(4, Known(1, 4));
        MustHave(folder, 1, 2, 3, 4);
        second.Begin(3, Known(1, 3)); // a checkpoint was restored
        MustHave(folder, 1, 2, 3);
    }

    [Fact]
    public void Steps_of_a_state_that_was_given_up_are_forgotten()
    {
        var history = new StepHistory();
        foreach (long step in (long[])[1, 2, 3, 4, 2]) history.Add(new RecordedStep(Report(step) with { WorldSize = (int)step }, By));
        Assert.Equal([1, 2], history.UpTo(9).Select(s => s.Report.Step));
        for (long step = 3; step <= 3 * StepHistory.Kept; step++) history.Add(new RecordedStep(Report(step), By));
        IReadOnlyList<RecordedStep> kept = history.UpTo(long.MaxValue);
        Assert.InRange(kept.Count, StepHistory.Kept, 1.25 * StepHistory.Kept);
        Assert.Equal(3 * StepHistory.Kept, kept[^1].Report.Step);
    }

    [Fact]
    public void Too_many_waiting_lines_push_the_oldest_out()
    {
        RunFolder folder = Made();
        Directory.CreateDirectory(folder.Steps);
        using var log = new PatientLog<StepReport>(folder.Steps, 0, []);
        for (long step = 1; step <= PatientLog<StepReport>.Most + 2; step++) log.Add(Report(step));
        Assert.NotNull(log.Flush());
        Assert.Equal((PatientLog<StepReport>.Most, 2), (log.Waiting.Count, log.GivenUp));
        Directory.Delete(folder.Steps);
        Assert.Null(log.Flush());
        Assert.Equal(3, StepLog.ReadLines<StepReport>(folder.Steps).First().Step);
    }

    [Fact]
    public void On_a_disk_that_is_really_full_no_part_of_a_line_stays_and_a_log_can_be_shortened()
    {
        string disk = _folder["disk"];
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk), "This process may not mount a small file system.");
        try
        {
            RunFolder folder = Made("disk");
            using var recorder = RunRecorder.Create(folder, Recipe, "data");
            recorder.Begin(0, []);
            recorder.RecordStep(Report(1), By);
            string filler = Path.Combine(disk, "filler");
            Fill(filler);
            long step = 2;
            // The pages that the logs have already may still take a few lines.
            while (recorder.Remark() is null) recorder.RecordStep(Report(step++), By);
            Assert.All([folder.Steps, folder.Metrics], log => Assert.EndsWith("}\n", File.ReadAllText(log), StringComparison.Ordinal));

            using (var successor = RunRecorder.Create(folder, Recipe, "data")) successor.Begin(1, []);
            MustHave(folder, 1);
            File.Delete(filler);
            using var last = RunRecorder.Create(folder, Recipe, "data");
            last.Begin(step, Known(1, step));
            MustHave(folder, [.. Enumerable.Range(1, (int)step).Select(s => (long)s)]);
        }
        finally
        {
            Assert.True(Run("umount", disk));
        }
    }

    [Fact]
    public void Whoever_has_not_heard_of_the_newest_supervisor_removes_no_checkpoint()
    {
        RunFolder folder = Made();
        var terms = new TermFiles(folder);
        terms.ClaimTerm();
        using var recorder = RunRecorder.Create(folder, Recipe, "data");
        recorder.Begin(0, []);
        foreach (long step in (long[])[10, 20]) recorder.SaveCheckpoint(Snapshots.At(step), generation: 1, term: 1);
        Assert.Equal([20], CheckpointStore.Steps(folder.Checkpoints));

        terms.ClaimTerm();
        recorder.SaveCheckpoint(Snapshots.At(30), generation: 1, term: 1);
        Assert.Equal([20, 30], CheckpointStore.Steps(folder.Checkpoints).Order());
        recorder.SaveCheckpoint(Snapshots.At(40), generation: 1, term: 2);
        Assert.Equal([40], CheckpointStore.Steps(folder.Checkpoints));
    }

    private static void Fill(string path)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        Assert.ThrowsAny<IOException>(() =>
        {
            for (int page = 0; page < 1000; page++) file.Write(new byte[4096]);
        });
    }

    private static bool Run(string program, params string[] args)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
