using Looped.Actors.Supervision;
using Looped.Models.Optimization;

namespace Looped.Actors.Tests.Rules;

/// <summary>Who may not take part, and what they are told.</summary>
public class RefusalTests
{
    private static readonly NumericsFingerprint Here = new("2.10.0", 1, "avx512", 1, "cpu", "float32");

    private static readonly SupervisedRun Run = new()
    {
        Name = "run",
        Steps = 10,
        RecipeIdentity = "recipe",
        DataHash = "data",
        Version = "1.0.0",
        Settings = new SupervisorSettings { MicroBatches = 4 },
    };

    private static RegisterWorker Worker(string version = "1.0.0", string recipe = "recipe", string data = "data", NumericsFingerprint? fingerprint = null) =>
        new("w", version, recipe, data, fingerprint ?? Here);

    [Fact]
    public void A_worker_of_the_same_build_recipe_data_and_numerics_is_taken() => Assert.Null(Run.Refusal(Worker(), Here));

    [Fact]
    public void The_first_worker_decides_the_numerics() => Assert.Null(Run.Refusal(Worker(fingerprint: Here with { InstructionSet = "avx2" }), null));

    [Fact]
    public void Another_version_recipe_or_data_set_is_turned_away_with_its_reason()
    {
        Assert.Contains("version 0.9.0", Run.Refusal(Worker(version: "0.9.0"), Here), StringComparison.Ordinal);
        Assert.Contains("another recipe", Run.Refusal(Worker(recipe: "other"), Here), StringComparison.Ordinal);
        Assert.Contains("another data set", Run.Refusal(Worker(data: "other"), Here), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_instruction_set_or_thread_count_is_turned_away_unless_mixing_is_allowed()
    {
        RegisterWorker mixed = Worker(fingerprint: Here with { InstructionSet = "avx2", Threads = 2 });
        string? reason = Run.Refusal(mixed, Here);
        Assert.Contains("instruction set avx512 → avx2", reason, StringComparison.Ordinal);
        Assert.Contains("threads 1 → 2", reason, StringComparison.Ordinal);
        Assert.Null((Run with { AllowMixed = true }).Refusal(mixed, Here));
    }

    [Fact]
    public void Another_gradient_of_the_first_micro_batch_is_turned_away_when_nothing_else_tells_two_workers_apart()
    {
        NumericsFingerprint run = Here with { Trial = new string('a', 64) };
        Assert.Null(Run.Refusal(Worker(fingerprint: run), run));
        Assert.Null(Run.Refusal(Worker(), run));
        RegisterWorker other = Worker(fingerprint: run with { Trial = new string('b', 64) });
        Assert.Contains("aaaaaaaa → bbbbbbbb", Run.Refusal(other, run), StringComparison.Ordinal);
        Assert.Contains("avx512 → avx2", Run.Refusal(Worker(fingerprint: other.Fingerprint with { InstructionSet = "avx2" }), run), StringComparison.Ordinal);
        Assert.Null((Run with { AllowMixed = true }).Refusal(other, run));
    }
}
