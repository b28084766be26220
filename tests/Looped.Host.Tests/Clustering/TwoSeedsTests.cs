using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>Two seeds: whichever of them dies, somebody sees to the next change of members.</summary>
[Collection(nameof(ClusterProcesses))]
public class TwoSeedsTests(UndisturbedRun undisturbed)
{
    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task Whichever_of_two_seeds_dies_the_other_handles_the_next_loss_and_the_end(bool supervisorDies)
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess supervisor = await run.Seed("--workers", "2");
        (LoopedProcess standBy, string second) = await run.StandBySeed();
        LoopedProcess stays = run.Worker("--seed", second), dies = run.Worker("--seed", second);
        await run.WaitForMember(dies);

        (LoopedProcess killed, LoopedProcess survives) = supervisorDies ? (supervisor, standBy) : (standBy, supervisor);
        ClusterRun.Kill(killed, TinyRun.SigKill);
        await killed.WaitAsync();
        await run.WaitForStep(run.Assignments[^1].Step + 2);

        ClusterRun.Kill(dies, TinyRun.SigKill);
        await run.WaitForAbsence(dies);
        await run.Ends(0, survives, stays);
        await run.MustBeUndisturbed();
        RunEvent[] events = [.. RunEventLog.Read(run.Run, out _)];
        Assert.Equal(supervisorDies ? 2 : 1, events.Count(e => e.Event == RunEventKind.Started));
        Assert.Equal(RunEventKind.Finished, events[^1].Event);
    }
}
