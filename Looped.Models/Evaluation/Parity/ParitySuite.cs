using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Families;

namespace Looped.Models.Evaluation.Parity;

/// <summary>
/// Finds reference vectors and runs them. What runs a vector is decided by its `family` and `kind`, never by its file name; a family or
/// kind that is not known is a failure. A tokenizer case file is run too.
/// </summary>
public static class ParitySuite
{
    /// <summary>Kinds that document defects of the originals.</summary>
    private static readonly string[] Documentation = ["legacy", "data_order"];

    /// <summary>Runs what is asked for; a row for each case, as soon as its vector is done.</summary>
    /// <exception cref="UsageException">A path does not exist, or is a file that is no vector.</exception>
    public static IEnumerable<ParityRow> Run(ParityRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Rows(request, [.. ParityFiles.Find(request.Paths)]);
    }

    private static IEnumerable<ParityRow> Rows(ParityRequest request, IReadOnlyList<string> files)
    {
        var filter = new ParityFilter(request.Only ?? []);
        foreach (string file in files)
        {
            foreach (ParityRow row in RowsOf(file, request, filter))
                if (filter.Wants(row.Vector, row.Case)) yield return row;
        }
    }

    private static List<ParityRow> RowsOf(string file, ParityRequest request, ParityFilter filter)
    {
        var rows = new List<ParityRow>();
        string name = Path.GetFileNameWithoutExtension(file), last = "load";
        try
        {
            JsonObject json = ParityJson.Read(file);
            if (request.Family is { } family && json["family"]?.GetValue<string>() != family) return rows;
            name = json["name"]?.GetValue<string>() ?? name;
            if (!filter.MayWant(name)) return rows;

            if (ParityFiles.IsTokenizerCases(json))
            {
                rows.AddRange(TokenizerCaseFile.Load(file).Run().Select(result => RowOf(name, result)));
                return rows;
            }
            ParityVector vector = ParityVector.Load(file, request.Precision, request.Device);
            last = vector.Kind;
            // One by one: rows before a case that breaks are kept.
            foreach (ParityRow row in RowsOf(vector)) rows.Add(row);
        }
        catch (Exception e) when (e is LoopedException or ExternalException or InvalidOperationException or ArgumentException)
        {
            // A vector that breaks our code is a failed comparison, and the others still have to run.
            rows.Add(ParityRow.Failure(name, last, e is LoopedException ? e.Message : $"{e.GetType().Name}: {e.Message}"));
        }
        return rows;
    }

    private static ParityRow RowOf(string file, TokenizerCaseResult result) =>
        new(file, result.Name, result.Passed ? ParityOutcome.Passed : ParityOutcome.Failed,
            [new("ids and text", result.Passed ? 0 : double.NaN, Allowed: 0, result.Passed)], result.Detail);

    private static IEnumerable<ParityRow> RowsOf(ParityVector vector)
    {
        if (Documentation.Contains(vector.Kind))
            return [new(vector.Name, vector.Kind, ParityOutcome.NotCompared, [], "documents the original's behaviour; not compared")];
        if (FamilyRegistry.Find(vector.Family) is not { } family)
            return [ParityRow.Failure(vector.Name, vector.Kind, $"the family '{vector.Family}' is not known")];
        if (!family.ParityKinds.TryGetValue(vector.Kind, out IParityKind? kind))
            return [ParityRow.Failure(vector.Name, vector.Kind, $"the family {family.Name} has no kind '{vector.Kind}'")];
        return kind.Run(vector);
    }
}
