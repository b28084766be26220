using System.Diagnostics;
using Akka.Actor;
using Akka.Hosting;
using Looped.Actors;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Host.Clustering;
using Looped.Host.Logging;
using Looped.Host.Progress;
using Looped.Host.Telemetry;
using Looped.Models.Recipes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Training;

/// <summary>One process that trains a run: hosts the actors, shows what they report, settles the summary.</summary>
internal sealed class TrainRun(RunSession session, RunData data, ITrainingDisplay display, bool verbose)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The first notice that asked the run to stop, such as <c>SIGINT</c>; null if none did.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>Notice that the caller hears, perhaps before the run could.</summary>
    public CancellationToken Notice { get; init; }

    /// <summary>Trains until the run is finished, interrupted or failed, and writes its summary.</summary>
    /// <param name="maxTime">Stops cleanly after this long; null for no limit.</param>
    public async Task<RunSummary> Run(TimeSpan? maxTime)
    {
        var scrape = new ScrapeAddress("127.0.0.1", session.Recipe.Telemetry.PrometheusPort);
        using var instruments = new Instruments();
        using IDisposable? gpu = GpuWatch.Show(instruments, session.Recipe.Training.Device);
        using Exporters exporters = Exporters.Start(new NodeIdentity("train", session.Folder.Name), session.Recipe.Telemetry, scrape, required: true,
            sentence => display.Note($"warning: {sentence}"));
        using ScrapeTargets? targets = scrape.Port == 0 ? null : new ScrapeTargets(session.Folder, scrape, "train", display.Note);
        using ProcessLog log = ProcessLog.Open(session.Folder, "train", verbose, exporters.AddTo);
        var lines = new SupervisorLines(session.Folder, log.Run, TimeProvider.System);
        void Show(object happened)
        {
            lines.Follow(happened);
            RunEvents.Show(display, happened);
        }
        void Join(ILoggingBuilder logging)
        {
            exporters.AddTo(logging);
            log.Join(logging);
        }
        var observer = new RunObserver { OnEvent = Show };
        using IHost host = LocalHost.Create(akka => akka.WithLoopedRun(Environment(instruments), observer, lines.Record), Join);
        await host.StartAsync();
        IActorRef supervisor = host.Services.GetRequiredService<IRequiredActor<SupervisorActor>>().ActorRef;

        void Stop(string reason)
        {
            if (StoppedBy is not null) return;
            StoppedBy = reason;
            display.Note($"{reason}: finishing the step in progress and writing a checkpoint …");
            supervisor.Tell(new StopRun(reason));
        }

        IActorRef worker = host.Services.GetRequiredService<IRequiredActor<WorkerActor>>().ActorRef;
        void Hurry(string signal)
        {
            display.Note($"{signal} again: the step in progress is given up; writing a checkpoint of the one before …");
            worker.Tell(new LeaveNotice(Hurry: true, signal));
        }

        using var signals = new StopSignals(Stop, Hurry);
        await using CancellationTokenRegistration noticed = Notice.Register(() => Stop("notice"));
        await using Timer? limit = maxTime is { } after ? new Timer(_ => Stop("--max-time"), null, after, Timeout.InfiniteTimeSpan) : null;
        RunEnded ended = await observer.Ended;
        await host.StopAsync();
        return RunEvents.Settle(session, data, ended, _started);
    }

    private RunEnvironment Environment(Instruments instruments) => new()
    {
        Worker = "worker-0",
        Instruments = instruments,
        Started = ProcessClock.Started,
        Recipe = session.Recipe,
        RecipeIdentity = RecipeIdentity.Of(session.Recipe),
        DataHash = data.Dataset.ContentHash,
        Training = data.Training,
        Validation = data.Validation,
        CreateModel = data.CreateModel,
        LoadNewest = _ => session.Restored, // verified a moment ago, its warnings printed
        BeginRecording = session.Recorder.Begin,
        EndRecording = session.Recorder.End,
        RecordStep = session.Recorder.RecordStep,
        Remark = session.Recorder.Remark,
        RecordEvaluation = session.Recorder.RecordEvaluation,
        SaveCheckpoint = session.Recorder.SaveCheckpoint,
    };
}
