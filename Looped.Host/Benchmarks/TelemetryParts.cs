using System.Diagnostics;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;

namespace Looped.Host.Benchmarks;

/// <summary>The parts of telemetry's cost, measured without training, so that they are not lost in its noise.</summary>
/// <param name="RecordingSeconds">What recording one step takes on the training thread.</param>
/// <param name="ExportingShare">Processor seconds that exporting and being scraped take in a second, whatever is trained.</param>
internal sealed record TelemetryParts(double RecordingSeconds, double ExportingShare)
{
    private const int Steps = 10_000, Rounds = 5;

    /// <summary>That of exports, and of a usual Prometheus.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Window = 4 * Interval;

    /// <summary>What they add to a step, as a share of its processor time.</summary>
    /// <param name="step">A step without.</param>
    public double Of(StepCost step) => RecordingSeconds / step.Processor + ExportingShare * step.Seconds / step.Processor;

    /// <summary>Measures as things are: with exporters if there are any.</summary>
    /// <param name="instruments">Where to record.</param>
    /// <param name="microBatches">Micro-batches of a step.</param>
    /// <param name="scrape">Reads the metrics as Prometheus does, every five seconds; null for nobody.</param>
    public static async Task<TelemetryParts> Measure(Instruments instruments, int microBatches, Func<Task>? scrape)
    {
        double recording = Enumerable.Range(0, Rounds).Min(_ => Record(instruments, microBatches)) / Steps;
        // The spans of all these steps are exported, and code that runs for the first time is compiled, before the clock starts.
        if (scrape is not null) await scrape();
        await Task.Delay(Interval + Interval / 2);
        (TimeSpan before, long started) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(started) < Window)
        {
            if (scrape is not null) await scrape();
            await Task.Delay(Interval);
        }
        return new TelemetryParts(recording, (Environment.CpuUsage.TotalTime - before).TotalSeconds / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public static TelemetryParts operator -(TelemetryParts on, TelemetryParts off) =>
        new(on.RecordingSeconds - off.RecordingSeconds, on.ExportingShare - off.ExportingShare);

    private static double Record(Instruments instruments, int microBatches)
    {
        var recorder = new StepRecorder(instruments, new TimeKeeper(TimeProvider.System, TimeProvider.System.GetTimestamp()));
        long started = Stopwatch.GetTimestamp();
        for (long step = 1; step <= Steps; step++)
        {
            recorder.Start(step);
            for (int m = 0; m < microBatches; m++)
            {
                recorder.Enter(StepPhase.Data);
                recorder.Enter(StepPhase.Forward);
                recorder.Computed(default);
            }
            recorder.Enter(StepPhase.AllReduce);
            recorder.Enter(StepPhase.Optimizer);
            recorder.Enter(StepPhase.Other);
            recorder.Enter(StepPhase.Stall);
            recorder.Enter(StepPhase.Other);
            recorder.Finish(new StepReport(step, Steps, 2, 1e-3, 1, step, 1, 1, 1, 1, false), tokens: 1, highestLoss: 2);
        }
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
