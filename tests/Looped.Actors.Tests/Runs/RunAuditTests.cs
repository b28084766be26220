using CsCheck;
using Looped.Actors.Runs;
using Looped.Models.Data;

namespace Looped.Actors.Tests.Runs;

public class RunAuditTests
{
    private const int MicroBatches = 4;

    /// <summary>37 sequences, 8 a step: an epoch ends within a step, now and then within a micro-batch.</summary>
    private static readonly SequenceSampler Sampler = new(37, 1337, 8, 2);

    private static StepAssignment Step(long step, long generation = 1, params int[][] shares) => new(step, generation,
        [.. Enumerable.Range(0, Math.Max(1, shares.Length)).Select(r => $"w{r}")], shares.Length == 0 ? [[0, 1, 2, 3]] : shares);

    private static StepAssignment[] Run(int steps) => [.. Enumerable.Range(1, steps).Select(s => Step(s))];

    private static AuditReport Audit(IEnumerable<StepAssignment> lines, long committed = 0) => RunAudit.Of(lines, Sampler, committed);

    private static AuditViolation Wrong(IEnumerable<StepAssignment> lines, long committed = 0) => Assert.IsType<AuditViolation>(Audit(lines, committed).Violation);

    [Fact]
    public void A_log_with_every_step_and_every_micro_batch_once_is_proven()
    {
        AuditReport report = Audit(Run(20), committed: 20);
        Assert.True(report.Proven);
        Assert.Equal((20, 160, 37, 4), (report.Steps, report.Consumed, report.SequencesPerEpoch, report.WholeEpochs));
        Assert.Equal(12.0 / 37, report.PartOfEpoch);
    }

    [Fact]
    public void Who_computed_what_changes_neither_the_proof_nor_the_order() => Gen.Int[1, MicroBatches].SelectMany(world =>
        Gen.Int[0, world - 1].Array[MicroBatches].Select(owners => (World: world, Owners: owners))).Array[12].Sample(steps =>
    {
        IEnumerable<StepAssignment> lines = steps.Index().Select(s => Step(s.Index + 1, 1 + s.Index / 3,
            [.. Enumerable.Range(0, s.Item.World).Select(rank => Enumerable.Range(0, MicroBatches).Where(m => s.Item.Owners[m] == rank).Reverse().ToArray())]));
        AuditReport report = Audit(lines);
        return report.Proven && report.OrderSha256 == Audit(Run(12)).OrderSha256;
    });

    [Fact]
    public void Another_data_seed_or_another_step_is_another_order()
    {
        string hash = Audit(Run(3)).OrderSha256;
        Assert.NotEqual(hash, RunAudit.Of(Run(3), new SequenceSampler(37, 1338, 8, 2), 0).OrderSha256);
        Assert.NotEqual(hash, Audit(Run(4)).OrderSha256);
    }

    [Fact]
    public void Generations_are_told_with_their_steps_and_members()
    {
        AuditReport report = Audit([Step(1, 1, [0, 1], [2, 3]), Step(2, 1, [0, 1], [2, 3]), Step(3, 2), Step(4, 3, [0], [1], [2, 3])]);
        Assert.Equal([(1, 1, 2, 2), (2, 3, 3, 1), (3, 4, 4, 3)], report.Generations.Select(g => ((int)g.Generation, (int)g.FirstStep, (int)g.LastStep, g.Members.Count)));
        Assert.Equal(3, report.Workers);
    }

    [Fact]
    public void A_step_that_a_recovery_computed_again_counts_once()
    {
        AuditReport report = Audit([.. Run(5), Step(5, 2, [0, 1], [2, 3]), Step(4, 1), Step(6, 2)]);
        Assert.True(report.Proven);
        Assert.Equal((6, 2, 48), (report.Steps, report.RepeatedLines, report.Consumed));
    }

    [Fact]
    public void A_missing_step_is_named_with_the_first_of_its_sequences()
    {
        AuditViolation violation = Wrong(Run(9).Where(s => s.Step != 6));
        Assert.Equal((AuditProblem.StepMissing, 6, Sampler.Indices(5, 0)[0]), (violation.Problem, violation.Step, violation.Sequence));
        Assert.Contains("step 6 has no line, though the next line is about step 7", violation.Text, StringComparison.Ordinal);
        Assert.Equal(5, Audit(Run(9).Where(s => s.Step != 6)).Steps);
    }

    [Fact]
    public void A_log_that_ends_before_the_run_does_lacks_a_step()
    {
        AuditViolation violation = Wrong(Run(9), committed: 12);
        Assert.Equal((AuditProblem.StepMissing, 10), (violation.Problem, violation.Step));
        Assert.Contains("the run committed 12 steps", violation.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_micro_batch_without_an_owner_is_lost()
    {
        AuditViolation violation = Wrong([.. Run(4), Step(5, 1, [0], [3, 1])]);
        Assert.Equal((AuditProblem.MicroBatchLost, 5, 2, Sampler.Indices(4, 2)[0]), (violation.Problem, violation.Step, violation.MicroBatch, violation.Sequence));
    }

    [Fact]
    public void A_micro_batch_with_two_owners_counts_twice()
    {
        AuditViolation violation = Wrong([.. Run(4), Step(5, 1, [0, 1, 2], [2, 3])]);
        Assert.Equal((AuditProblem.MicroBatchRepeated, 5, 2, Sampler.Indices(4, 2)[0]), (violation.Problem, violation.Step, violation.MicroBatch, violation.Sequence));
        Assert.Contains("for w0 and for w1", violation.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeated_line_is_held_to_the_same_rule() => Assert.Equal(AuditProblem.MicroBatchLost, Wrong([.. Run(5), Step(5, 2, [0, 1, 2])]).Problem);

    [Fact]
    public void Lines_that_cannot_be_are_malformed()
    {
        Assert.Equal((AuditProblem.LineMalformed, 4), (Wrong([Step(1, 1, [0, 1, 2, 3, 4])]).Problem, Wrong([Step(1, 1, [0, 1, 2, 3, 4])]).MicroBatch));
        Assert.Equal(AuditProblem.LineMalformed, Wrong([Step(1) with { Members = ["a", "b"] }]).Problem);
        Assert.Equal(AuditProblem.StepUnknown, Wrong([Step(0)]).Problem);
    }
}
