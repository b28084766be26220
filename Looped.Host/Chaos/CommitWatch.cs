using Looped.Actors.Runs;
using Looped.Actors.Training;

namespace Looped.Host.Chaos;

/// <summary>A committed step, as the run folder tells it.</summary>
/// <param name="Report">What is known about the step.</param>
/// <param name="Members">Who computed it: workers by name.</param>
internal sealed record Commit(StepReport Report, IReadOnlyList<string> Members);

/// <summary>Follows a run from outside, by its logs alone.</summary>
internal sealed class CommitWatch(RunFolder folder)
{
    private (long Length, DateTime Written) _seen;

    /// <summary>The newest step; null before the first.</summary>
    public Commit? Last { get; private set; }

    /// <summary>Steps committed.</summary>
    public long Step => Last?.Report.Step ?? 0;

    /// <summary>Steps committed since the last call. After a restored checkpoint the numbers start again from there.</summary>
    public IReadOnlyList<Commit> Read()
    {
        var file = new FileInfo(folder.Metrics);
        if (!file.Exists || (file.Length, file.LastWriteTimeUtc) == _seen) return [];
        _seen = (file.Length, file.LastWriteTimeUtc);
        IReadOnlyList<StepReport> all = StepLog.Read<StepReport>(folder.Metrics);
        if (all is not [.., StepReport newest]) return [];
        StepReport[] fresh = newest.Step > Step ? [.. all.SkipWhile(r => r.Step <= Step)] : newest == Last?.Report ? [] : [newest];
        Commit[] commits = [.. fresh.Select(r => new Commit(r, MembersOf(r)))];
        if (commits is [.., Commit last]) Last = last;
        return commits;
    }

    private IReadOnlyList<string> MembersOf(StepReport report) => Last is { } last && last.Report.Generation == report.Generation && last.Report.WorldSize == report.WorldSize
        ? last.Members
        : StepLog.Read<StepAssignment>(folder.Steps).FirstOrDefault(s => s.Step == report.Step)?.Members ?? [];
}
