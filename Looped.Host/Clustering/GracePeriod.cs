using System.Globalization;
using Looped.Host.CommandLine;
using Looped.Host.Training;

namespace Looped.Host.Clustering;

/// <summary>
/// The time that a worker has after notice. Most of it may go into finishing the step; near its end the running micro-batch is the last; and
/// by its end the process is gone, whatever it is doing: what comes then is a SIGKILL.
/// </summary>
internal static class GracePeriod
{
    /// <summary>To tell the others, close what is open and end the process.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    /// <summary>To say that it was not enough.</summary>
    private static readonly TimeSpan LastWord = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the step may go on: until the micro-batch that runs then can end, and a second more, but half of the grace at least.</summary>
    /// <param name="grace">All of the time.</param>
    /// <param name="secondsPerMicroBatch">As measured lately; 0 if not known.</param>
    public static TimeSpan ForStep(TimeSpan grace, double secondsPerMicroBatch)
    {
        TimeSpan reserve = Farewell + 2 * TimeSpan.FromSeconds(Math.Min(secondsPerMicroBatch, grace.TotalSeconds));
        return grace - (reserve < grace / 2 ? reserve : grace / 2);
    }

    /// <summary>Begins it, on a thread of its own: those of the pool may all be waiting for something.</summary>
    /// <param name="grace">All of the time.</param>
    /// <param name="secondsPerMicroBatch">As measured lately.</param>
    /// <param name="hurry">Gives the step up.</param>
    /// <param name="through">The exit code of a worker that has said goodbye, and has only to close what is open; null before that.</param>
    public static void Begin(TimeSpan grace, double secondsPerMicroBatch, Action hurry, Func<int?> through) => Background("grace", () =>
    {
        TimeSpan step = ForStep(grace, secondsPerMicroBatch), margin = grace / 4 < LastWord ? grace / 4 : LastWord;
        Thread.Sleep(step);
        hurry();
        Thread.Sleep(grace - step - margin);
        int? code = through();
        // Whoever should read it may be stuck as well. Without styles: there is no time to load what makes them.
        if (code is null) Background("last word", () => Console.Error.WriteLine(Over(grace))).Join(margin * 0.8);
        ProcessEnd.Now(code ?? ExitCode.Drained);
    });

    private static Thread Background(string name, Action work)
    {
        var thread = new Thread(() => work()) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private static string Over(TimeSpan grace) => string.Create(CultureInfo.InvariantCulture,
        $"warning: the {grace.TotalSeconds:0.##} s of --grace are over before this worker is through: it ends as if killed, and its part of the step is computed again by others");
}
