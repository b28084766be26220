using System.Diagnostics;
using Akka.Actor;
using Looped.Actors.DataLoading;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Models.Checkpoints;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>What the training thread tells its WorkerActor; never leaves the process.</summary>
internal static class ThreadMessages
{
    /// <summary>The replica is built, and has computed a micro-batch on trial if it was to.</summary>
    public sealed record Ready(string? Trial) : INoSerializationVerificationNeeded;

    /// <summary>The rank's state changed.</summary>
    public sealed record Changed : INoSerializationVerificationNeeded
    {
        public static readonly Changed Instance = new();
    }

    /// <summary>A micro-batch was taken from the queue.</summary>
    public sealed record Taken : INoSerializationVerificationNeeded
    {
        public static readonly Taken Instance = new();
    }

    /// <summary>A snapshot waits for its readers.</summary>
    public sealed record Published(long Step, long Generation, SnapshotPurpose Purpose, double StallSeconds, bool Last) : INoSerializationVerificationNeeded;

    /// <summary>No further step is computed here.</summary>
    public sealed record Ended(RunOutcome Outcome, long Step) : INoSerializationVerificationNeeded;

    /// <summary>The thread has returned.</summary>
    public sealed record Through : INoSerializationVerificationNeeded
    {
        public static readonly Through Instance = new();
    }

    /// <summary>The thread died of an error.</summary>
    public sealed record Failed(string Error) : INoSerializationVerificationNeeded;

    /// <summary>Turns what happens on the training thread into messages to the actor.</summary>
    public sealed class Observer(RunEnvironment environment, RankInbox inbox, IActorRef self) : ITrainingObserver
    {
        private RecordedSoFar _recorded = RecordedSoFar.Nothing;
        private long _durable, _evaluated = -1;
        private bool _recorder;
        private readonly StepHistory _history = new();
        private StepReport? _last;
        private long _generation;

        public void Began(GenerationPlan plan, int rank, long epoch, long step, IReadOnlyList<int> first, IReadOnlyList<int> later)
        {
            _recorder = rank == 0;
            _generation = plan.Id.Number;
            if (_recorder)
            {
                // If the last rank 0 died between a commit and its log line, or with lines that found no room, this one writes them.
                _recorded = environment.BeginRecording(step, _history.UpTo(step));
                _durable = _recorded.Durable;
                Remark();
            }
            else
            {
                environment.EndRecording();
            }
            // Two steps ahead hides a slow read without holding much memory.
            self.Tell(new StartLoading(step, environment.Recipe.Training.Steps, first, later, 2 * Math.Max(1, later.Count), epoch));
        }

        public void BatchTaken() => self.Tell(Taken.Instance);

        public void Committed(StepReport report, GenerationPlan plan)
        {
            _last = report;
            _history.Add(new RecordedStep(report, plan.Generation));
            if (!_recorder) return;
            environment.RecordStep(report, plan.Generation);
            Remark();
            self.Tell(new StepCommitted(report));
        }

        public void AtRest(Replica replica, bool last)
        {
            if (!_recorder) return;
            SnapshotPurpose purpose = SnapshotSchedule.At(environment.Recipe, replica.Step, _durable, last, _evaluated == replica.Step || _recorded.Evaluated.Contains(replica.Step));
            if (purpose.Readers == 0) return;
            long started = Stopwatch.GetTimestamp();
            TrainingSnapshot snapshot = replica.Snapshot();
            Measure("copy", started);
            environment.Snapshots.Publish(snapshot with { Metrics = _last?.Step == replica.Step ? _last.Measured() : [] }, purpose.Readers);
            if (purpose.Checkpoint) _durable = replica.Step;
            if (purpose.Evaluate) _evaluated = replica.Step;
            // Whoever leaves has no time to try again.
            self.Tell(new Published(replica.Step, _generation, purpose, Measure("stall", started), last && !inbox.State.Leaving));
        }

        private double Measure(string phase, long started)
        {
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            environment.Instruments.CheckpointDuration.Record(seconds, new KeyValuePair<string, object?>(LoopedAttributes.Phase, phase));
            return seconds;
        }

        private void Remark()
        {
            if (environment.Remark() is { } remark) Note(remark);
        }

        public void Note(string text) => self.Tell(new RunNote($"{inbox.State.Worker}: {text}"));

        public void Ended(RunOutcome outcome, long step) => self.Tell(new ThreadMessages.Ended(outcome, step));
    }
}
