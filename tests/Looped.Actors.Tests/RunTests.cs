using Akka.Actor;
using Akka.Hosting;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using CheckpointWritten = Looped.Actors.Checkpointing.CheckpointWritten;

namespace Looped.Actors.Tests;

/// <summary>Whole runs through the five actors, every message serialized on its way.</summary>
public class RunTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private static async Task<(RunEnded Ended, List<object> Events)> Run(
        RunEnvironment environment, Action<object, IActorRef>? onEvent = null)
    {
        var events = new List<object>();
        var supervisor = new TaskCompletionSource<IActorRef>();
        var observer = new RunObserver
        {
            OnEvent = happened =>
            {
                lock (events) events.Add(happened);
                onEvent?.Invoke(happened, supervisor.Task.Result);
            },
        };
        using IHost host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .ConfigureServices(services => services.AddAkka("looped", akka => akka
                .AddHocon("akka.actor.serialize-messages = on\nakka.loglevel = WARNING", HoconAddMode.Prepend)
                .WithLoopedRun(environment, observer)
                .AddStartup((_, registry) => supervisor.SetResult(registry.Get<SupervisorActor>()))))
            .Build();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await host.StartAsync(cancellation);
        RunEnded ended = await observer.Ended.WaitAsync(Bound, cancellation);
        await host.StopAsync(cancellation);
        lock (events) return (ended, [.. events]);
    }

    [Fact]
    public async Task A_run_through_the_actors_gives_the_bits_of_the_bare_step()
    {
        var toy = new ToyRun { Patient = true };
        RunEnvironment environment = toy.Environment();
        var (ended, events) = await Run(environment);

        Assert.Equal((RunOutcome.Finished, 12, null), (ended.Outcome, ended.Step, ended.Reason));
        Assert.Equal(Enumerable.Range(1, 12).Select(s => (long)s), toy.Steps.Select(s => s.Step));
        Assert.Equal(toy.HashWithoutActors(), toy.Steps[^1].WeightsSha256);
        Assert.Equal([5L, 10L, 12L], toy.Checkpoints.Keys.Order());
        Assert.Equal([0L, 4L, 8L, 12L], toy.Evaluations.Select(e => e.Step).Order());
        Assert.Equal([12L], toy.Evaluations.Where(e => e.Full).Select(e => e.Step));
        Assert.Equal(12, events.OfType<StepCommitted>().Count());
        Assert.Equal(3, events.OfType<CheckpointWritten>().Count());
        Assert.Equal(4, events.OfType<EvaluationCompleted>().Count());
        Assert.Equal(0, environment.Snapshots.Count);
    }

    [Fact]
    public async Task Stopping_writes_a_checkpoint_from_which_the_same_bits_follow()
    {
        var toy = new ToyRun();
        var (stopped, _) = await Run(toy.Environment(), (happened, supervisor) =>
        {
            if (happened is StepCommitted { Report.Step: 3 }) supervisor.Tell(new StopRun("SIGINT"));
        });
        Assert.Equal((RunOutcome.Interrupted, "SIGINT"), (stopped.Outcome, stopped.Reason));
        Assert.InRange(stopped.Step, 3, 11);

        TrainingSnapshot last = toy.Checkpoints[stopped.Step];
        var (ended, _) = await Run(toy.Environment(last));
        Assert.Equal(RunOutcome.Finished, ended.Outcome);
        Assert.Equal(toy.HashWithoutActors(), toy.Steps[^1].WeightsSha256);
        Assert.Equal(Enumerable.Range(1, 12).Select(s => (long)s), toy.Steps.Select(s => s.Step));
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_written_is_reported_and_training_goes_on()
    {
        var toy = new ToyRun { Patient = true, BeforeSave = step => { if (step == 5) throw new IOException("No space left on device"); } };
        var (ended, events) = await Run(toy.Environment());
        Assert.Equal(RunOutcome.Finished, ended.Outcome);
        CheckpointFailed failed = Assert.Single(events.OfType<CheckpointFailed>());
        Assert.Equal((5, "No space left on device"), (failed.Step, failed.Error));
        Assert.Equal(toy.HashWithoutActors(), toy.Steps[^1].WeightsSha256);
    }

    [Fact]
    public async Task An_evaluation_that_cannot_be_written_down_is_reported_and_the_run_ends()
    {
        var toy = new ToyRun { Patient = true };
        RunEnvironment environment = toy.Environment();
        Action<EvaluationReport> record = environment.RecordEvaluation;
        var (ended, events) = await Run(environment with
        {
            RecordEvaluation = report =>
            {
                record(report);
                if (report.Step == 4) throw new IOException("Stale file handle");
            },
        });
        Assert.Equal(RunOutcome.Finished, ended.Outcome);
        EvaluationFailed failed = Assert.Single(events.OfType<EvaluationFailed>());
        Assert.Equal(4, failed.Step);
        Assert.Contains("Stale file handle", failed.Error, StringComparison.Ordinal);
        Assert.Equal([0L, 8L, 12L], events.OfType<EvaluationCompleted>().Select(e => e.Report.Step).Order());
    }

    [Fact]
    public async Task Unreadable_data_end_the_run_with_their_error()
    {
        var toy = new ToyRun { BrokenFrom = 4 };
        var (ended, _) = await Run(toy.Environment());
        Assert.Equal((RunOutcome.Failed, "the disk is gone"), (ended.Outcome, ended.Reason));
    }

    [Theory]
    [InlineData(2), InlineData(int.MaxValue)]
    public async Task A_last_checkpoint_that_cannot_be_written_is_tried_again_and_without_it_the_run_is_not_finished(int failures)
    {
        int tried = 0;
        var toy = new ToyRun { BeforeSave = step => { if (step == 12 && tried++ < failures) throw new Models.LoopedException("the disk is full."); } };
        var (ended, events) = await Run(toy.Environment() with { Timeouts = new RankTimeouts { LastWord = TimeSpan.FromSeconds(2) } });
        Assert.Contains("It is the last one, and is tried again for 2 s", Assert.Single(events.OfType<RunNote>(), n => n.Text.Contains("warning", StringComparison.Ordinal)).Text, StringComparison.Ordinal);
        Assert.Equal(failures == 2 ? (RunOutcome.Finished, null) : (RunOutcome.Failed, "the disk is full."), (ended.Outcome, ended.Reason));
        Assert.Equal(failures == 2, toy.Checkpoints.ContainsKey(12));
    }

    [Fact]
    public async Task A_model_that_cannot_be_built_ends_the_run_with_its_error()
    {
        var (ended, _) = await Run(new ToyRun().Environment() with { CreateModel = () => throw new Models.LoopedException("no such model") });
        Assert.Equal((RunOutcome.Failed, "no such model"), (ended.Outcome, ended.Reason));
    }

    [Fact]
    public async Task The_loader_never_runs_ahead_of_its_credit()
    {
        long committed = 0, ahead = 0;
        var toy = new ToyRun();
        var (_, _) = await Run(toy.Environment() with
        {
            RecordStep = (report, _) =>
            {
                committed = report.Step;
                // Two steps of four micro-batches may wait in the queue while the next step's are granted one by one.
                ahead = Math.Max(ahead, toy.Loaded.Count - 4 * committed);
            },
        });
        Assert.InRange(ahead, 1, 12);
        Assert.Equal(48, toy.Loaded.Distinct().Count());
        Assert.Equal(48, toy.Loaded.Count);
    }
}
