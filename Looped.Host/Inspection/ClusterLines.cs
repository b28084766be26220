using System.Globalization;
using Looped.Actors.Supervision;

namespace Looped.Host.Inspection;

/// <summary>A picture of a cluster for a person.</summary>
internal static class ClusterLines
{
    /// <summary>The lines of <c>looped status --seed</c>.</summary>
    public static IEnumerable<string> Of(ClusterPicture picture)
    {
        yield return $"{picture.Run}: {(picture.Ended is { } ended ? ended.Outcome.ToString().ToLowerInvariant() : picture.Generation is { } g ? $"generation {g}" : "waiting for workers")}";
        yield return Invariant($"  {"step",-12}{picture.Step:N0} of {picture.Steps:N0}{(picture.Loss is { } loss ? $", loss {loss:0.0000}, {picture.TokensPerSecond:N0} tokens/s" : "")}");
        yield return $"  {"checkpoint",-12}{(picture.LastCheckpoint < 0 ? "none since this supervisor began" : $"step {picture.LastCheckpoint}")}";
        yield return $"  {"run folder",-12}{picture.RunFolder}";
        yield return $"  {"term",-12}{picture.Term}";
        foreach (WorkerPicture worker in picture.Workers.OrderBy(w => w.Rank < 0 ? int.MaxValue : w.Rank).ThenBy(w => w.Worker, StringComparer.Ordinal))
        {
            string place = worker.Rank < 0 ? "no rank" : $"rank {worker.Rank}, {worker.MicroBatches} micro-batches";
            string speed = worker.SecondsPerMicroBatch > 0 ? Invariant($", {1000 * worker.SecondsPerMicroBatch:0} ms each") : "";
            yield return Invariant($"  {"worker",-12}{worker.Worker}  {place}{speed}, {worker.Activity.ToString().ToLowerInvariant()}{(worker.Leaving ? ", leaving" : "")}, heard {worker.SilentSeconds:0.0} s ago");
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
