using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Recipes;

namespace Looped.Host.Inspection;

/// <summary>A run folder and what an audit says of it.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Audit">What was found.</param>
/// <param name="Notes">What the proof rests on, where that is less than all.</param>
internal sealed record AuditedRun(string Run, AuditReport Audit, IReadOnlyList<string> Notes)
{
    /// <summary>Audits a run, finished or not, by its recipe, its data and its log.</summary>
    /// <exception cref="LoopedException">The log is missing or malformed, or the data are not here or not those of the run.</exception>
    public static AuditedRun Of(RunFolder run)
    {
        if (!File.Exists(run.Steps))
            throw new LoopedException($"There is no {run.Steps}: nothing says who computed which micro-batch, so nothing can be proven. A run has it from its first step on.");
        if (!File.Exists(run.Recipe)) throw new LoopedException($"There is no {run.Recipe}: without the recipe the order of the data is not known. Put the run's resolved recipe there.");
        RunRecipe recipe = RecipeFile.Load<RunRecipe>(run.Recipe, []);
        // While a run goes on its log is the newest there is; when it is over, the log must reach what else tells of it.
        bool running = RunLock.IsHeld(run);
        long committed = running ? 0 : RunSummary.Read(run.Summary)?.Steps ?? 0;
        using RunData data = RunData.Open(recipe);
        var notes = new List<string>();
        if (CheckpointStore.Steps(run.Checkpoints) is [.., long newest])
        {
            if (!running) committed = Math.Max(committed, newest);
            string hash = CheckpointReader.ReadInfo(CheckpointStore.PathOf(run.Checkpoints, newest)).DataSha256;
            if (hash != data.Dataset.ContentHash)
                throw new LoopedException($"The data at {recipe.Data.Source} have another hash ({data.Dataset.ContentHash[..12]}…) than those of the run ({hash[..12]}…): put the run's data back.");
        }
        else notes.Add("no checkpoint says which data the run had; those that the recipe names are taken");
        var sampler = new SequenceSampler(data.Training.SequenceCount, recipe.Data.Seed ?? recipe.Seed, recipe.Batch.GlobalSequences, recipe.Batch.MicroSequences);
        AuditReport audit = RunAudit.Of(StepLog.ReadLines<StepAssignment>(run.Steps), sampler, committed);
        if (audit.RepeatedLines > 0) notes.Add($"{audit.RepeatedLines:N0} line{(audit.RepeatedLines == 1 ? " is" : "s are")} about a step that has one already, as a recovery may write; the sequences are the same");
        return new AuditedRun(run.Name, audit, notes);
    }

    /// <summary>What a person reads.</summary>
    public IEnumerable<string> Lines()
    {
        AuditReport a = Audit;
        yield return a.Violation is { } violation ? $"{Run}: not proven: {violation.Text}"
            : a.Steps == 0 ? $"{Run}: nothing to prove yet, no step is committed"
            : $"{Run}: proven: every sequence once in each epoch, none lost, none repeated";
        if (a.Steps > 0)
        {
            string but = a.Violation is null ? "" : "; up to here all is well";
            yield return Line("steps", $"1 … {a.Steps:N0}, each once, with {a.MicroBatches} micro-batches that have one owner each{but}");
            yield return Line("sequences", FormattableString.Invariant($"{a.Consumed:N0} consumed, {a.SequencesPerEpoch:N0} in an epoch: {a.WholeEpochs:N0} whole, and {100 * a.PartOfEpoch:0.0} % of the next"));
            int[] sizes = [.. a.Generations.Select(g => g.Members.Count)];
            string world = sizes.Min() == sizes.Max() ? $"{Workers(sizes[0])}" : $"{sizes.Min()} to {Workers(sizes.Max())}";
            yield return Line("generations", $"{sizes.Length:N0}, of {world} at a time; {a.Workers:N0} different one{(a.Workers == 1 ? "" : "s")} in all");
            yield return Line("order", a.OrderSha256);
        }
        foreach (string note in Notes) yield return Line("note", note);
    }

    private static string Workers(int count) => count == 1 ? "1 worker" : $"{count} workers";

    private static string Line(string label, string text) => $"  {label,-12}{text}";
}
