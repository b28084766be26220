using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Models.Checkpoints;

namespace Looped.Host.Evaluations;

/// <summary>The files of a suite: `eval-SUITE.json` and `eval-SUITE.png`, and tables beside them.</summary>
internal sealed record EvaluationFiles(string Json, string Figure)
{
    /// <summary>Tables that were added.</summary>
    private IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>Writes both.</summary>
    /// <param name="suite">Its name.</param>
    /// <param name="request">Says where, if a person did; else it is the run folder of the only checkpoint, or the current folder.</param>
    /// <param name="checkpoints">The folders of the checkpoints.</param>
    /// <param name="json">The numbers.</param>
    /// <param name="figure">A PNG.</param>
    /// <exception cref="Looped.Models.LoopedException">They cannot be written.</exception>
    public static EvaluationFiles Write(string suite, EvalRequest request, IReadOnlyList<string> checkpoints, JsonNode json, byte[] figure)
    {
        string folder = request.Output ?? RunOf(checkpoints) ?? ".";
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"The folder {folder} cannot be written");
        }
        var files = new EvaluationFiles(Path.Combine(folder, $"eval-{suite}.json"), Path.Combine(folder, $"eval-{suite}.png"));
        DurableFiles.WriteAtomically(files.Json, [.. JsonSerializer.SerializeToUtf8Bytes(json, RunJson.Document), (byte)'\n']);
        DurableFiles.WriteAtomically(files.Figure, figure);
        return files;
    }

    /// <summary>Writes a table beside them.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="text">Comma-separated values.</param>
    public EvaluationFiles Add(string name, string text)
    {
        string path = Path.Combine(Path.GetDirectoryName(Json)!, name);
        DurableFiles.WriteAtomically(path, Encoding.UTF8.GetBytes(text));
        return this with { Tables = [.. Tables, path] };
    }

    /// <summary>Says where they are.</summary>
    public void Print()
    {
        foreach (string path in (IEnumerable<string>)[Json, Figure, .. Tables]) Terminal.Out.WriteLine(path);
    }

    /// <summary>The run folder that all checkpoints lie in; null if there is none.</summary>
    public static string? RunOf(IReadOnlyList<string> checkpoints)
    {
        string[] runs = [.. checkpoints.Select(c => Path.GetDirectoryName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(c)))).OfType<string>().Distinct()];
        return runs is [string run] && new RunFolder(run).Exists ? run : null;
    }
}
