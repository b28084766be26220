using System.Buffers.Binary;
using System.Diagnostics;
using Looped.Actors.Collectives;
using Looped.Actors.Supervision;
using Looped.Models.Checkpoints;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>
/// The first exchange of a generation: compare recipe, committed step and state hash; bring those behind to the state of one that is
/// ahead; verify. What follows from the reports is decided by <see cref="RankLogic"/>, the same on every rank.
/// </summary>
internal sealed class Formation(RunEnvironment environment, Replica replica, RankInbox inbox, ITrainingObserver observer, RankTelemetry telemetry)
{
    private const int Words = 11;

    /// <summary>Exchanges, copies and verifies.</summary>
    /// <exception cref="CollectiveBrokenException">The communicator broke, or a copy was not exact.</exception>
    public void Check(ICollective collective, GenerationPlan plan)
    {
        RankState state = inbox.State;
        TrainingSnapshot? checkpoint = plan.Restore && collective.Rank == 0 ? Load() : null;
        // In a hand-over only members of the old generation can be donors: it must be able to go on if the new one does not come up.
        bool counts = state.HasState && (plan.After is null || state.InForce?.Id == plan.After);
        string hash = counts ? state.StateHash ?? replica.StateHash() : new string('0', 64);
        var mine = new RankReport(counts, counts ? replica.Step : -1, hash, environment.RecipeIdentity, checkpoint?.Step ?? -1);
        RankReport[] reports = [.. collective.AllGather(ToWords(mine)).Select(FromWords)];
        Agreement agreement = RankLogic.Agree(reports, plan.Restore);
        if (agreement.Alarm)
            observer.Note($"alarm: workers at step {reports.Max(r => r.Step)} have different states; nobody's memory is believed, the last checkpoint is restored");
        bool keep = RankLogic.KeepsHeld(state with { StateHash = hash, Step = replica.Step, Held = [.. replica.Held] }, plan, agreement);
        if (!keep)
        {
            telemetry.Drop(replica.Held.Count, state.SecondsPerMicroBatch, "failed");
            replica.Drop();
        }
        if (agreement.Restore && collective.Rank == 0) Restore(checkpoint ?? Load());
        if (agreement.Behind.Contains(true)) Copy(collective, agreement);
        inbox.Note(s => s with { HasState = true, Step = replica.Step });
    }

    private TrainingSnapshot? Load()
    {
        long started = Stopwatch.GetTimestamp();
        TrainingSnapshot? checkpoint = environment.LoadNewest(observer.Note);
        if (checkpoint is not null) telemetry.Restored(checkpoint, Stopwatch.GetElapsedTime(started));
        return checkpoint;
    }

    private void Restore(TrainingSnapshot? checkpoint)
    {
        if (checkpoint is not null) replica.Restore(checkpoint);
        else if (replica.Step > 0 || inbox.State.HasState) replica.Reinitialize(environment.CreateModel());
        if (checkpoint is not null) observer.Note($"restored the checkpoint of step {checkpoint.Step}");
    }

    private void Copy(ICollective collective, Agreement agreement)
    {
        bool take = agreement.Behind[collective.Rank];
        // From here until the hash is verified this rank has no state that anybody could build on.
        if (take) inbox.Note(s => s with { HasState = false, StateHash = null });
        replica.Exchange(take, tensor => telemetry.Broadcast(tensor, () => collective.Broadcast(tensor, agreement.Donor)));
        string[] hashes = [.. collective.AllGather(HexToWords(replica.StateHash())).Select(WordsToHex)];
        if (hashes.FirstOrDefault(h => h != hashes[agreement.Donor]) is not null)
        {
            int[] wrong = [.. hashes.Index().Where(h => h.Item != hashes[agreement.Donor]).Select(h => h.Index)];
            throw new CollectiveBrokenException("The state that was copied from a peer is not the peer's.") { Lost = wrong };
        }
    }

    private static long[] ToWords(RankReport report)
    {
        var words = new long[Words];
        words[0] = report.HasState ? 1 : 0;
        words[1] = report.Step;
        words[2] = report.Checkpoint;
        HexToWords(report.StateHash).CopyTo(words, 3);
        HexToWords(report.RecipeIdentity).CopyTo(words, 7);
        return words;
    }

    private static RankReport FromWords(long[] words) =>
        new(words[0] == 1, words[1], WordsToHex(words[3..7]), WordsToHex(words[7..11]), words[2]);

    private static long[] HexToWords(string hash)
    {
        byte[] bytes = hash.Length == 64 ? Convert.FromHexString(hash) : System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(hash));
        return [.. Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(8 * i)))];
    }

    private static string WordsToHex(long[] words)
    {
        byte[] bytes = new byte[32];
        for (int i = 0; i < 4; i++) BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8 * i), words[i]);
        return Convert.ToHexStringLower(bytes);
    }
}
