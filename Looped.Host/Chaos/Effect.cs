using System.Globalization;
using Looped.Actors.Training;

namespace Looped.Host.Chaos;

/// <summary>A disturbance and what came of it, for people and for <c>--json</c>.</summary>
/// <param name="Action">What was done.</param>
/// <param name="Worker">To which worker; of the first new one where several are started; null where to none.</param>
/// <param name="Seconds">When, since the start of the disturbed run.</param>
/// <param name="Step">Steps committed then.</param>
/// <param name="Pause">The longest time without a committed step, in seconds, from then until it had its effect; null if that did not come.</param>
/// <param name="Generation">The generation in which it had its effect.</param>
/// <param name="Effect">What came of it, in words.</param>
internal sealed record Disturbance(ChaosAction Action, int? Worker, double Seconds, long Step, double? Pause, long? Generation, string Effect);

/// <summary>Waits for the first committed step that shows the effect of a disturbance, and measures how long training stood still for it.</summary>
/// <param name="cause">The disturbance.</param>
/// <param name="at">When it was, in seconds.</param>
/// <param name="before">The newest step then; null if there was none.</param>
/// <param name="worker">How the name of its worker in the run begins; null where it is done to none.</param>
internal sealed class Effect(ChaosEvent cause, double at, Commit? before, string? worker)
{
    private readonly double _at = at;
    private double _worst, _lastCommit = at;

    /// <summary>The disturbance.</summary>
    public ChaosEvent Cause => cause;

    /// <summary>Steps committed when it happened.</summary>
    public long Step => before?.Report.Step ?? 0;

    /// <summary>Whether its process is there again, where it was to come back.</summary>
    public bool CameBack { get; set; }

    /// <summary>Takes a committed step in.</summary>
    /// <param name="commit">The step.</param>
    /// <param name="now">When it was seen, in seconds.</param>
    /// <returns>What came of the disturbance, once this step shows it.</returns>
    public Disturbance? See(Commit commit, double now)
    {
        _worst = Math.Max(_worst, now - _lastCommit);
        _lastCommit = now;
        StepReport report = commit.Report;
        bool takesPart = TakesPart(commit);
        bool shows = cause.Action switch
        {
            ChaosAction.Join or ChaosAction.Continue => takesPart,
            ChaosAction.RestartSeed or ChaosAction.RestartEverything => CameBack,
            ChaosAction.Suspend => !takesPart || CameBack,
            _ => !takesPart,
        };
        if (!shows) return null;
        bool tookPart = before is { } earlier && TakesPart(earlier);
        string with = report.WorldSize == 1 ? "1 worker" : $"{report.WorldSize} workers";
        string back = Invariant($"step {report.Step} by {with} (generation {report.Generation})");
        string again = report.Step <= Step ? $", {Step - report.Step + 1} steps again from the last checkpoint" : "";
        string effect = cause.Action switch
        {
            ChaosAction.Join or ChaosAction.Continue => Invariant($"worker {cause.Worker} takes part {now - _at:0.0} s later from {back}; no step for {_worst:0.00} s at most"),
            ChaosAction.Suspend when takesPart => Invariant($"nobody went on without worker {cause.Worker}; no step for {_worst:0.00} s at most"),
            ChaosAction.Kill or ChaosAction.Suspend or ChaosAction.Terminate when tookPart =>
                Invariant($"{back} goes on without worker {cause.Worker}; no step for {_worst:0.00} s at most"),
            ChaosAction.Kill or ChaosAction.Suspend or ChaosAction.Terminate => $"worker {cause.Worker} took no part; nobody waited for it",
            ChaosAction.RestartSeed => Invariant($"the seed is there again after {cause.Hold.TotalSeconds:0.0} s; no step for {_worst:0.00} s at most"),
            _ => Invariant($"{back}{again}; no step for {_worst:0.00} s at most"),
        };
        return Done(effect, _worst, report.Generation);
    }

    /// <summary>The run ended before anything came of it.</summary>
    public Disturbance Unseen() => Done("the run ended before anything came of it", null, null);

    private bool TakesPart(Commit commit) => worker is not null && commit.Members.Any(m => m.StartsWith(worker, StringComparison.Ordinal));

    private Disturbance Done(string effect, double? pause, long? generation) =>
        new(cause.Action, cause.Worker < 0 ? null : cause.Worker, Math.Round(_at, 3), Step, pause is { } p ? Math.Round(p, 3) : null, generation, effect);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
