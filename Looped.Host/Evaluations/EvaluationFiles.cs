using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Models.Checkpoints;

namespace Looped.Host.Evaluations;

/// <summary>The files of a suite: `eval-SUITE.json` and `eval-SUITE.png`.</summary>
internal sealed record EvaluationFiles(string Json, string Figure)
{
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

    /// <summary>Says where they are.</summary>
    public void Print()
    {
        Terminal.Out.WriteLine(Json);
        Terminal.Out.WriteLine(Figure);
    }

    private static string? RunOf(IReadOnlyList<string> checkpoints)
    {
        string[] runs = [.. checkpoints.Select(c => Path.GetDirectoryName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(c)))).OfType<string>().Distinct()];
        return runs is [string run] && new RunFolder(run).Exists ? run : null;
    }
}
