using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Tests.Rules;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Telemetry;

/// <summary>Listens to the whole process too, and must not be heard by <see cref="TwoWorkers"/>.</summary>
[CollectionDefinition(nameof(LostMicroBatches), DisableParallelization = true)]
public sealed class LostMicroBatches;

[Collection(nameof(LostMicroBatches))]
public class LostMicroBatchesTests
{
    /// <summary>Two workers share eight micro-batches; one of them is lost some time after the last commit.</summary>
    [Theory]
    [InlineData(0.4, 0)]
    [InlineData(1.2, 2)]
    [InlineData(60, 4)]
    public void A_lost_worker_takes_what_its_pace_allowed_and_no_more_than_its_share(double secondsAfterCommit, int expected)
    {
        using var instruments = new Instruments();
        using var signals = new Signals();
        TalkingWorkers talk = new TalkingWorkers(8).Idle("a", "b");
        using var recorder = new SupervisionRecorder(new SupervisedRun
        {
            Name = "run",
            Steps = 100,
            RecipeIdentity = "recipe",
            DataHash = "data",
            Settings = talk.Settings,
            Instruments = instruments,
        }, () => talk.Now);
        talk.Decided += (before, after, _) => recorder.Follow(before, after, talk.Commands);
        talk.Runs(talk.Plan!, "a", "b").Says("b", s => s with { SecondsPerMicroBatch = 0.5 }).AfterHearing(10, "a", "b");
        recorder.Committed(new StepReport(1, 100, 2, 1e-3, 1, 100, 1000, 0.1, 1, 2, false));

        talk.AfterHearing(secondsAfterCommit, "a", "b").Rests("a", lost: ["b"]);
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
        Assert.Equal(expected, signals.Sums["looped.cluster.lost_micro_batches{node_lost}"]);
    }
}
