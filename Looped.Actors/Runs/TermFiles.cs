using System.Globalization;
using System.Text;
using System.Text.Json;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Optimization;

namespace Looped.Actors.Runs;

/// <summary>
/// Terms and plans as files of the run folder. A term is claimed by creating a file that must not exist, which one process alone can
/// do, on a shared file system too; so two supervisors that do not see each other have different terms, and workers follow the higher.
/// </summary>
public sealed class TermFiles(RunFolder folder) : ISupervisorMemory
{
    private const int PlansKept = 64, MarksKept = 64;

    private const string MarkPrefix = "newcomer-";

    private readonly Dictionary<string, RunFolderMark> _marks = [];
    private readonly Queue<string> _newcomers = [];

    /// <inheritdoc/>
    public RunFolderMark? Mark { get; private set; }

    /// <inheritdoc/>
    public RunFolderMark? MarkFor(string newcomer)
    {
        if (_marks.TryGetValue(newcomer, out RunFolderMark? known) && known.IsIn(folder.Root)) return known;
        if (known is null) _newcomers.Enqueue(newcomer);
        if (_newcomers.Count > MarksKept && _marks.Remove(_newcomers.Dequeue(), out RunFolderMark? oldest)) oldest.RemoveFrom(folder.Root);
        string name = MarkPrefix + Guid.NewGuid().ToString("N");
        try
        {
            // Empty: a full disk has room for that.
            using (new FileStream(Path.Combine(folder.Generations, name), FileMode.CreateNew)) { }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Mark; // better than nothing: it is not in other runs' folders, nor in old copies of this one
        }
        return _marks[newcomer] = new RunFolderMark($"{Path.GetFileName(folder.Generations)}/{name}", "", Once: true);
    }

    /// <inheritdoc/>
    public long ClaimTerm()
    {
        RemoveOldMarks();
        while (true)
        {
            long term = HighestTerm() + 1;
            string name = string.Create(CultureInfo.InvariantCulture, $"term-{term:D6}"), path = Path.Combine(folder.Generations, name);
            try
            {
                using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
                Mark = new RunFolderMark($"{Path.GetFileName(folder.Generations)}/{name}", Sign(file));
                return term;
            }
            catch (IOException) when (File.Exists(path))
            {
                // Somebody else was faster: the next one.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw DurableFiles.Explain(e, $"The supervisor's term cannot be written to {folder.Generations}");
            }
        }
    }

    /// <summary>Removes what newcomers of earlier supervisors left; one that is looked for now was made a moment ago.</summary>
    private void RemoveOldMarks()
    {
        foreach (string name in Names(MarkPrefix + "*"))
        {
            string path = Path.Combine(folder.Generations, name);
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > TimeSpan.FromHours(1))
                new RunFolderMark($"{Path.GetFileName(folder.Generations)}/{name}", "", Once: true).RemoveFrom(folder.Root);
        }
    }

    /// <inheritdoc/>
    public long HighestTerm() => Names("term-*").Select(name => Number(name["term-".Length..])).DefaultIfEmpty(0).Max();

    /// <inheritdoc/>
    public IReadOnlyList<GenerationPlan> Plans()
    {
        var plans = new List<GenerationPlan>();
        foreach (string name in PlanNames().TakeLast(PlansKept))
        {
            string path = Path.Combine(folder.Generations, name);
            try
            {
                plans.Add(PlanJson.Read(File.ReadAllBytes(path)));
            }
            catch (Exception e) when (e is JsonException or IOException)
            {
                throw new LoopedException($"{path} cannot be read ({e.Message}). Remove it; the run then goes on from its newest checkpoint.", e);
            }
        }
        return plans;
    }

    /// <inheritdoc/>
    public void Keep(GenerationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        string name = string.Create(CultureInfo.InvariantCulture, $"plan-{plan.Id.Number:D8}-term-{plan.Id.Term:D6}.json");
        DurableFiles.WriteAtomically(Path.Combine(folder.Generations, name), PlanJson.Write(plan));
        foreach (string old in PlanNames().SkipLast(PlansKept)) File.Delete(Path.Combine(folder.Generations, old));
    }

    /// <summary>Writes a text that no other folder has. A full disk does not keep a supervisor from its work: then the name alone has to do.</summary>
    private static string Sign(FileStream file)
    {
        string text = Guid.NewGuid().ToString("N");
        try
        {
            file.Write(Encoding.ASCII.GetBytes(text));
            file.Flush(flushToDisk: true);
            return text;
        }
        catch (IOException)
        {
            file.SetLength(0);
            return "";
        }
    }

    /// <inheritdoc/>
    public NumericsFingerprint? Numerics(string recipeIdentity)
    {
        string path = NumericsPath(recipeIdentity);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), WireContext.Default.NumericsFingerprint) : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new LoopedException($"{path} cannot be read ({e.Message}). Remove it; the first worker to come then decides the numerics of the run.", e);
        }
    }

    /// <inheritdoc/>
    public void Keep(string recipeIdentity, NumericsFingerprint numerics)
    {
        string path = NumericsPath(recipeIdentity);
        if (!File.Exists(path)) DurableFiles.WriteAtomically(path, JsonSerializer.SerializeToUtf8Bytes(numerics, WireContext.Default.NumericsFingerprint));
    }

    // A recipe with more steps is another one, and may weigh its first micro-batch otherwise.
    private string NumericsPath(string recipeIdentity) => Path.Combine(folder.Generations, $"numerics-{recipeIdentity[..Math.Min(12, recipeIdentity.Length)]}.json");

    private string[] PlanNames() => [.. Names("plan-*.json").Order(StringComparer.Ordinal)];

    private IEnumerable<string> Names(string pattern) =>
        Directory.Exists(folder.Generations) ? Directory.EnumerateFiles(folder.Generations, pattern).Select(p => Path.GetFileName(p)!) : [];

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
