using System.Diagnostics.Metrics;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Models.Optimization;

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
    public void Loops_are_recorded_as_they_ran_and_the_penalty_where_there_is_one()
    {
        using var instruments = new Instruments();
        var heard = new List<(string Name, double Value)>();
        using var listener = new MeterListener
        {
            // Of these instruments only: other tests of the process record too.
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument == instruments.Recurrence || instrument == instruments.Regulariser) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => heard.Add((instrument.Name, value)));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => heard.Add((instrument.Name, value)));
        listener.Start();
        var recorder = new StepRecorder(instruments, new TimeKeeper(TimeProvider.System, TimeProvider.System.GetTimestamp()));
        Step(recorder, 1, Report);
        Assert.Equal([1, 2, 3, 4], heard.Select(h => h.Value));
        heard.Clear();
        Step(recorder, 2, Report with { Regulariser = 0.25 });
        Assert.Equal((LoopedMetrics.Regulariser.Name, 0.25), heard[^1]);
        Assert.Equal(5, heard.Count);
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

    private static void Step(StepRecorder recorder, long step) => Step(recorder, step, Report);

    private static void Step(StepRecorder recorder, long step, StepReport report)
    {
        recorder.Start(step);
        for (int m = 0; m < 4; m++)
        {
            recorder.Enter(StepPhase.Data);
            recorder.Enter(StepPhase.Forward);
            recorder.Computed(new ComputedMicroBatch(TimeSpan.FromTicks(1), Loops: 1 + m));
        }
        recorder.Enter(StepPhase.AllReduce);
        recorder.Enter(StepPhase.Optimizer);
        recorder.Enter(StepPhase.Other);
        recorder.Enter(StepPhase.Stall);
        recorder.Enter(StepPhase.Other);
        recorder.Finish(report, tokens: 48, highestLoss: 1.6);
    }
}
