using System.Diagnostics;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using static Looped.Actors.Telemetry.LoopedAttributes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Training;

/// <summary>
/// A survivor's way through a loss. <c>detect</c>: it waits for a peer that will not answer; <c>abort</c>: it knows, and comes to rest;
/// <c>form</c>: it waits for a plan, attempts that failed included; <c>connect</c>; <c>copy</c>: compares and copies state;
/// <c>first_step</c>: to the first commit. The spans are told at the end, below the generation that the loss led to: its context came with the plan.
/// </summary>
internal sealed class RecoveryRecorder(Instruments instruments, string worker)
{
    private readonly long[] _marks = new long[RecoveryPhases.Count]; // where each phase ends; where detect begins comes last
    private IReadOnlyList<string> _lost = [];
    private long _broken;
    private bool _under;

    /// <summary>Any thread: the communicator is known to be gone. The first word counts.</summary>
    public void Noticed() => Interlocked.CompareExchange(ref _broken, Stopwatch.GetTimestamp(), 0);

    /// <summary>The training thread has noticed the loss too.</summary>
    /// <param name="waiting">Since when it had waited for others; null if it had not.</param>
    public void Broke(long? waiting)
    {
        Noticed();
        long broken = Interlocked.Read(ref _broken);
        // A loss on the way out of another one: the first beginning counts.
        if (!_under) _marks[^1] = Math.Min(waiting ?? broken, broken);
        _under = true;
        Mark(0, broken);
    }

    /// <summary>The training thread is at rest.</summary>
    /// <param name="lost">Members that are gone, as far as is known.</param>
    public void Rest(IReadOnlyList<string> lost)
    {
        _lost = [.. _lost.Union(lost)];
        Mark(1);
    }

    /// <summary>A plan is at hand.</summary>
    public void Planned() => Mark(2);

    /// <summary>The members of the plan are connected.</summary>
    public void Connected() => Mark(3);

    /// <summary>The state is the same everywhere.</summary>
    public void Copied() => Mark(4);

    /// <summary>A generation begins.</summary>
    public void Begin()
    {
        if (!_under) Interlocked.Exchange(ref _broken, 0);
    }

    /// <summary>A step is committed; the first one after a loss ends the recovery.</summary>
    public void Committed(GenerationPlan plan)
    {
        if (!_under) return;
        Mark(5);
        (_under, _broken) = (false, 0);
        DateTime now = DateTime.UtcNow;
        long begin = _marks[^1], end = _marks[5];
        DateTime At(long timestamp) => now - Stopwatch.GetElapsedTime(timestamp, end);
        ActivityContext recovery = Spans.Tell(Spans.Cluster, Spans.Recovery, Spans.Parse(plan.Trace), At(begin), now, default,
            new Tag(Worker, worker), new Tag(LoopedAttributes.Generation, plan.Id.Number), new Tag("looped.lost", string.Join(", ", _lost)));
        long from = begin;
        for (int phase = 0; phase < _marks.Length - 1; phase++)
        {
            long to = Math.Max(from, _marks[phase]);
            instruments.RecoveryDuration.Record(Stopwatch.GetElapsedTime(from, to).TotalSeconds, new Tag(Phase, RecoveryPhases[phase]));
            if (recovery != default) Spans.Tell(Spans.Cluster, RecoveryPhases[phase], recovery, At(from), At(to));
            from = to;
        }
        instruments.RecoveryDuration.Record(Stopwatch.GetElapsedTime(begin, end).TotalSeconds, new Tag(Phase, "total"));
        _lost = [];
    }

    private void Mark(int phase) => Mark(phase, Stopwatch.GetTimestamp());

    private void Mark(int phase, long at)
    {
        if (_under) _marks[phase] = at;
    }
}
