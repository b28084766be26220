using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Tests.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Commands;

/// <summary>A run of a minute model, trained once, and audited as it is and with a log that was tampered with.</summary>
public sealed class AuditCommandTests(AuditCommandTests.Trained trained) : IClassFixture<AuditCommandTests.Trained>
{
    public sealed class Trained : IAsyncLifetime
    {
        internal TinyRun Tiny { get; } = new();

        internal string[] Log { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            using (LoopedProcess killed = Tiny.Start())
            {
                await Tiny.WaitForStep(killed, 20);
                TinyRun.Kill(killed, TinyRun.SigKill);
                await killed.WaitAsync();
            }
            await Tiny.TrainToEnd();
            Log = File.ReadAllLines(Tiny.Run.Steps);
        }

        public ValueTask DisposeAsync()
        {
            Tiny.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private RunFolder Run => trained.Tiny.Run;

    private async Task<LoopedResult> Audit(IEnumerable<string> log, params string[] options)
    {
        File.WriteAllLines(Run.Steps, log);
        return await trained.Tiny.Train(["audit", "runs/tiny", .. options]);
    }

    [Fact]
    public async Task A_run_that_was_killed_and_went_on_is_proven_with_exit_code_0()
    {
        string[] lines = (await Audit(trained.Log)).Expect(ExitCode.Finished).Output.Split('\n');
        Assert.Equal("tiny: proven: every sequence once in each epoch, none lost, none repeated", lines[0]);
        Assert.Equal("  steps       1 … 40, each once, with 4 micro-batches that have one owner each", lines[1]);
        Assert.Matches("^  sequences   320 consumed, 3,[0-9]+ in an epoch: 0 whole, and [0-9.]+ % of the next$", lines[2]);
        Assert.Matches("^  order       [0-9a-f]{64}$", lines[4]);
    }

    [Fact]
    public async Task The_same_is_given_as_json()
    {
        JsonNode json = JsonNode.Parse((await Audit(trained.Log, "--json")).Expect(ExitCode.Finished).Output)!;
        Assert.Equal(("tiny", true, 40), ((string?)json["run"], (bool)json["audit"]!["proven"]!, (int)json["audit"]!["steps"]!));
        Assert.Equal(1, (int)json["audit"]!["generations"]![0]!["first_step"]!);
    }

    [Fact]
    public async Task A_line_that_was_taken_out_is_named_with_exit_code_1()
    {
        LoopedResult result = (await Audit(trained.Log.Where((_, i) => i != 16))).Expect(ExitCode.Failed);
        Assert.StartsWith("tiny: not proven: step 17 has no line", result.Output, StringComparison.Ordinal);
        JsonNode violation = JsonNode.Parse((await Audit(trained.Log[..30], "--json")).Expect(ExitCode.Failed).Output)!["audit"]!["violation"]!;
        Assert.Equal(("step_missing", 31), ((string?)violation["problem"], (int)violation["step"]!));
    }

    [Fact]
    public async Task A_line_that_was_changed_is_named_with_its_micro_batch()
    {
        string[] log = [.. trained.Log];
        log[8] = log[8].Replace("[[0,1,2,3]]", "[[0,1,3,3]]", StringComparison.Ordinal);
        Assert.Contains("micro-batch 3 of step 9 counts twice", (await Audit(log)).Expect(ExitCode.Failed).Output, StringComparison.Ordinal);
        log[8] = "{ not json";
        Assert.Contains("steps.jsonl, line 9 is malformed", (await Audit(log)).Expect(ExitCode.Failed).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_its_log_or_with_other_data_cannot_be_proven()
    {
        File.Delete(Run.Steps);
        Assert.Contains("nothing says who computed which micro-batch", (await trained.Tiny.Train("audit", "runs/tiny")).Expect(ExitCode.Failed).Error, StringComparison.Ordinal);
        string text = Path.Combine(trained.Tiny.Folder, "text.txt"), original = File.ReadAllText(text);
        File.WriteAllText(text, original[..90_000]);
        try
        {
            Assert.Contains("have another hash", (await Audit(trained.Log)).Expect(ExitCode.Failed).Error, StringComparison.Ordinal);
        }
        finally
        {
            File.WriteAllText(text, original);
        }
    }

    [Fact]
    public async Task Without_a_checkpoint_the_proof_says_on_what_it_rests()
    {
        string aside = Run.Checkpoints + ".aside";
        Directory.Move(Run.Checkpoints, aside);
        try
        {
            Assert.Contains("no checkpoint says which data the run had", (await Audit(trained.Log)).Expect(ExitCode.Finished).Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Move(aside, Run.Checkpoints);
        }
        Assert.Contains(40, CheckpointStore.Steps(Run.Checkpoints));
    }
}
