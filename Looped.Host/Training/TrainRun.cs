using System.Diagnostics;
using Akka.Actor;
using Akka.Hosting;
using Looped.Actors;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.Progress;
using Looped.Models.Evaluation;
using Looped.Models.Recipes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Training;

/// <summary>One process that trains a run: hosts the actors, shows what they report, settles the summary.</summary>
internal sealed class TrainRun(RunSession session, RunData data, ITrainingDisplay display)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The first notice that asked the run to stop, such as <c>SIGINT</c>; null if none did.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>Trains until the run is finished, interrupted or failed, and writes its summary.</summary>
    /// <param name="maxTime">Stops cleanly after this long; null for no limit.</param>
    public async Task<RunSummary> Run(TimeSpan? maxTime)
    {
        var observer = new RunObserver { OnEvent = Show };
        using IHost host = CreateHost(observer);
        await host.StartAsync();
        IActorRef supervisor = host.Services.GetRequiredService<IRequiredActor<SupervisorActor>>().ActorRef;

        void Stop(string reason)
        {
            if (StoppedBy is not null) return;
            StoppedBy = reason;
            display.Note($"{reason}: finishing the step in progress and writing a checkpoint …");
            supervisor.Tell(new StopRun(reason));
        }

        using var signals = new StopSignals(Stop);
        await using Timer? limit = maxTime is { } after ? new Timer(_ => Stop("--max-time"), null, after, Timeout.InfiniteTimeSpan) : null;
        RunEnded ended = await observer.Ended;
        await host.StopAsync();
        RunSummary summary = Settle(ended);
        summary.Write(session.Folder.Summary);
        return summary;
    }

    private IHost CreateHost(RunObserver observer)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        // Signals are notices to the run, not orders to the host.
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddAkka("looped", akka => akka
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
                loggers.LogLevel = Akka.Event.LogLevel.WarningLevel;
            })
            .WithLoopedRun(Environment(), observer));
        return builder.Build();
    }

    private RunEnvironment Environment() => new()
    {
        Worker = "worker-0",
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
        RecordEvaluation = session.Recorder.RecordEvaluation,
        SaveCheckpoint = session.Recorder.SaveCheckpoint,
    };

    private void Show(object happened)
    {
        switch (happened)
        {
            case StepCommitted step: display.Step(step.Report); break;
            case EvaluationCompleted evaluation: display.Evaluated(evaluation.Report); break;
            case Looped.Actors.Checkpointing.CheckpointWritten { MovedAside: { } aside } written:
                display.Note($"The checkpoint of step {written.Step} that was there is damaged; it was moved to {aside} and written again.");
                break;
            case CheckpointFailed failed: display.Note($"warning: {failed.Error} Training goes on; earlier checkpoints are intact."); break;
            case EvaluationFailed failed: display.Note($"warning: the evaluation of step {failed.Step} failed: {failed.Error}"); break;
            case RunNote note: display.Note(note.Text); break;
        }
    }

    private RunSummary Settle(RunEnded ended)
    {
        IReadOnlyList<StepReport> steps = StepLog.Read<StepReport>(session.Folder.Metrics);
        IReadOnlyList<EvaluationReport> evaluations = StepLog.Read<EvaluationReport>(session.Folder.Evaluations);
        StepReport? last = steps.Count > 0 ? steps[^1] : null;
        EvaluationReport? best = evaluations.Where(e => e.Step > 0).MinBy(e => e.Loss);
        double seconds = session.EarlierSeconds + Stopwatch.GetElapsedTime(_started).TotalSeconds;
        using var model = data.CreateModel();
        return new RunSummary(session.Recipe.Name, Status(ended.Outcome), last?.Step ?? 0, session.Recipe.Training.Steps, last?.Tokens ?? 0,
            model.ParameterCount(),
            new ValidationSummary(evaluations.FirstOrDefault(e => e.Step == 0)?.Perplexity,
                evaluations.LastOrDefault(e => e.Step == last?.Step)?.Perplexity, best?.Perplexity, best?.Step, Unigram.Perplexity(data.Dataset)),
            last?.WeightsSha256 ?? "", seconds, steps.Sum(s => s.Seconds) / seconds,
            ended.Outcome == RunOutcome.Failed ? ended.Reason : null);
    }

    private static RunStatus Status(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Finished => RunStatus.Finished,
        RunOutcome.Interrupted => RunStatus.Interrupted,
        _ => RunStatus.Failed,
    };

    /// <summary>A host that lives as long as the command that started it.</summary>
    private sealed class CommandLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
