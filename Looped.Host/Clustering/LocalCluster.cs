using Looped.Actors.Clustering;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Progress;
using Looped.Host.Training;

namespace Looped.Host.Clustering;

/// <summary><c>looped train --workers N</c>: a seed in this process, and worker processes beside it.</summary>
internal sealed class LocalCluster(RunSession session, RunData data, ITrainingDisplay display, int count, bool verbose)
{
    /// <summary>The first notice that asked the run to stop, such as <c>SIGINT</c>; null if none did.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>Trains until the run is finished, interrupted or failed, and writes its summary.</summary>
    /// <param name="maxTime">Stops cleanly after this long; null for no limit.</param>
    public async Task<RunSummary> Run(TimeSpan? maxTime)
    {
        var options = new SeedOptions
        {
            Listen = new NodeAddress("127.0.0.1", 0),
            ExpectedWorkers = count,
            // They start together; on a busy machine that takes a while.
            GatherWindow = TimeSpan.FromSeconds(60),
            Verbose = verbose,
        };
        await using var seed = new SeedProcess(options, session.Recipe, session.Folder, data, display);
        using var workers = new LocalWorkers(seed.Address, session.Folder.Logs, verbose);
        for (int k = 0; k < count; k++) workers.Start();
        display.Note($"{count} worker processes: {string.Join(", ", workers.Processes.Select(p => p.Id))}; kill one and see. More may join:  looped worker --seed {seed.Address}");

        void Stop(string reason)
        {
            if (StoppedBy is not null) return;
            StoppedBy = reason;
            display.Note($"{reason}: finishing the step in progress and writing a checkpoint …");
            seed.Stop(reason);
        }

        void Hurry(string signal)
        {
            display.Note($"{signal} again: the step in progress is given up");
            workers.LeaveAtOnce();
        }

        using var signals = new StopSignals(Stop, Hurry);
        await using Timer? limit = maxTime is { } after ? new Timer(_ => Stop("--max-time"), null, after, Timeout.InfiniteTimeSpan) : null;
        Task allEnded = workers.AllEnded;
        await Task.WhenAny(seed.Ended, allEnded);
        // Workers that end with the run may be faster than the news of it.
        if (!seed.Ended.IsCompleted) await Task.WhenAny(seed.Ended, Task.Delay(seed.Timings.SupervisorSilence));
        RunEnded ended = seed.Ended.IsCompleted
            ? await seed.Ended
            : new RunEnded(StoppedBy is null ? RunOutcome.Failed : RunOutcome.Interrupted, 0, $"Every worker process has ended; their logs are in {session.Folder.Logs}.");
        await Task.WhenAny(allEnded, seed.Linger());
        return seed.Settle(session, ended)!;
    }
}
