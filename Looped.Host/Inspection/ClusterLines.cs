using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Supervision;

namespace Looped.Host.Inspection;

/// <summary>A picture of a cluster for a person, and for another program.</summary>
internal static class ClusterLines
{
    /// <summary>The lines of <c>looped status --seed</c>.</summary>
    public static IEnumerable<string> Of(ClusterPicture picture)
    {
        yield return $"{picture.Run}: {State(picture)}";
        yield return Invariant($"  {"step",-12}{picture.Step:N0} of {picture.Steps:N0}{(picture.Loss is { } loss ? $", loss {loss:0.0000}, {picture.TokensPerSecond:N0} tokens/s" : "")}");
        yield return $"  {"checkpoint",-12}{(picture.LastCheckpoint < 0 ? "none since this supervisor began" : $"step {picture.LastCheckpoint}")}";
        yield return $"  {"run folder",-12}{picture.RunFolder}";
        yield return $"  {"term",-12}{picture.Term}";
        foreach (WorkerPicture worker in InOrder(picture))
        {
            string place = worker.Rank < 0 ? "no rank" : $"rank {worker.Rank}, {worker.MicroBatches} micro-batches";
            string speed = worker.SecondsPerMicroBatch > 0 ? Invariant($", {1000 * worker.SecondsPerMicroBatch:0} ms each") : "";
            string score = Stragglers.Score(worker, picture.Workers) is { } s ? Invariant($" ({s:0.00} of the median)") : "";
            string device = worker.Device.Length > 0 ? $", {worker.Device}" : "";
            yield return Invariant($"  {"worker",-12}{worker.Worker}  {place}{device}{speed}{score}, {worker.Activity.ToString().ToLowerInvariant()}{(worker.Leaving ? ", leaving" : "")}, heard {worker.SilentSeconds:0.0} s ago");
        }
        foreach (RunEvent happened in picture.Events.TakeLast(RunView.EventsShown)) yield return $"  {Invariant($"{happened.Time:HH:mm:ss}"),-12}{EventText.Of(happened)}";
    }

    /// <summary>The same for another program, with what follows from it.</summary>
    public static JsonNode Json(ClusterPicture picture)
    {
        JsonNode node = InspectionJson.ToNode(picture);
        if (picture.LastCheckpoint < 0) node["last_checkpoint"] = null;
        if (picture.Loss is null) node["tokens_per_second"] = null; // no step yet
        node["world_size"] = picture.Generation is null ? 0 : picture.Workers.Count(w => w.Rank >= 0);
        foreach ((int i, WorkerPicture worker) in picture.Workers.Index())
        {
            node["workers"]![i]!["step_seconds"] = Stragglers.StepSeconds(worker);
            node["workers"]![i]!["straggler_score"] = Stragglers.Score(worker, picture.Workers);
        }
        return node;
    }

    /// <summary>What a cluster is doing.</summary>
    public static string State(ClusterPicture picture) =>
        picture.Ended is { } ended ? ended.Outcome.ToString().ToLowerInvariant() : picture.Generation is { } generation ? $"generation {generation}" : "waiting for workers";

    /// <summary>Its workers by rank, those without one last.</summary>
    public static IEnumerable<WorkerPicture> InOrder(ClusterPicture picture) =>
        picture.Workers.OrderBy(w => w.Rank < 0 ? int.MaxValue : w.Rank).ThenBy(w => w.Worker, StringComparer.Ordinal);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
