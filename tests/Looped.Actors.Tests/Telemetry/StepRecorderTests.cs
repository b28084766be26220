using Looped.Actors.Telemetry;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Telemetry;

public class StepRecorderTests
{
    private static readonly StepReport Report = new(1, 2, 1.5, 1e-3, 0.5, 48, 6, 7, 1, 1, false);

    [Fact]
    public void A_step_that_is_not_traced_allocates_nothing()
    {
        using var instruments = new Instruments();
        var recorder = new StepRecorder(instruments, new TimeKeeper(TimeProvider.System, TimeProvider.System.GetTimestamp()));
        for (int i = 0; i < 50; i++) Step(recorder, i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Step(recorder, 1 + 1000 * i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Waiting_for_others_is_known_while_it_lasts()
    {
        using var instruments = new Instruments();
        var recorder = new StepRecorder(instruments, new TimeKeeper(TimeProvider.System, TimeProvider.System.GetTimestamp()));
        recorder.Start(1);
        Assert.Null(recorder.WaitingSince);
        recorder.Enter(StepPhase.AllReduce);
        Assert.NotNull(recorder.WaitingSince);
        recorder.Break();
        Assert.Null(recorder.WaitingSince);
    }

    private static void Step(StepRecorder recorder, long step)
    {
        recorder.Start(step);
        for (int m = 0; m < 4; m++)
        {
            recorder.Enter(StepPhase.Data);
            recorder.Enter(StepPhase.Forward);
            recorder.Computed(TimeSpan.FromTicks(1));
        }
        recorder.Enter(StepPhase.AllReduce);
        recorder.Enter(StepPhase.Optimizer);
        recorder.Enter(StepPhase.Other);
        recorder.Enter(StepPhase.Stall);
        recorder.Enter(StepPhase.Other);
        recorder.Finish(Report, new StepShare(48, 8, 4), 1.6);
    }
}
