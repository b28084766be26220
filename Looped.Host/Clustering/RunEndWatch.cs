using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>
/// Tells a node that trains nothing that the run is over. The supervisor says so, but only for a moment: a node that was busy meanwhile
/// finds the summary that the last seed left.
/// </summary>
internal sealed class RunEndWatch(ClusterLink link, RunFolder folder)
{
    private readonly DateTime _summary = File.GetLastWriteTimeUtc(folder.Summary);
    private bool _alone;

    /// <summary>Looks once. Without an answer it joins the cluster anew, as after a restart of the seed.</summary>
    /// <exception cref="LoopedException">The run failed.</exception>
    public async Task<bool> IsOver(CancellationToken stop)
    {
        if (await link.Look().WaitAsync(stop) is { } picture) return Over(picture.Ended?.Outcome == RunOutcome.Failed, picture.Ended is not null, picture.Ended?.Reason);
        if (File.GetLastWriteTimeUtc(folder.Summary) != _summary && RunSummary.Read(folder.Summary) is { } summary) return Over(summary.Status == RunStatus.Failed, true, summary.Error);
        try
        {
            bool over = await link.LearnRun().WaitAsync(stop) is null;
            _alone = false;
            return over;
        }
        catch (NoClusterException e)
        {
            // As training does, it goes on without.
            if (!_alone) Terminal.Error.WriteWarning($"{e.Message} Until then the checkpoints that are there are evaluated.");
            _alone = true;
            return false;
        }
    }

    private static bool Over(bool failed, bool over, string? reason) => failed ? throw new LoopedException(reason ?? "The run failed.") : over;
}
