using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Evaluation.Parity;

/// <summary>Finds the JSON files of reference vectors and of tokenizer cases.</summary>
internal static class ParityFiles
{
    /// <summary>The vectors among files and folders, each once, in the order of their names.</summary>
    /// <exception cref="UsageException">A path does not exist, or is a file without a vector in it.</exception>
    public static IEnumerable<string> Find(IEnumerable<string> paths) => paths.SelectMany(FindOne).Distinct();

    /// <summary>Whether a file holds cases of tokenizers instead.</summary>
    public static bool IsTokenizerCases(JsonObject json) => TokenizerCaseFile.Recognizes(JsonSerializer.SerializeToElement(json));

    private static IEnumerable<string> FindOne(string path)
    {
        if (Directory.Exists(path))
            return Directory.EnumerateFiles(path, "*.json", SearchOption.AllDirectories).Where(LooksLikeAVector).Order(StringComparer.Ordinal);

        string json = Path.ChangeExtension(path, ".json");
        if (!File.Exists(path)) throw new UsageException($"There is no reference vector or folder at {path}; check the path.");
        if (!File.Exists(json)) throw new UsageException($"{path} has no {Path.GetFileName(json)} beside it, which would say what it is.");
        return [json];
    }

    /// <summary>A folder may hold other JSON files; one that is damaged, or has tensors beside it, is shown as a failure rather than passed over.</summary>
    private static bool LooksLikeAVector(string file)
    {
        if (File.Exists(Path.ChangeExtension(file, ".safetensors"))) return true;
        try
        {
            JsonObject json = ParityJson.Read(file);
            return json.ContainsKey("family") || json.ContainsKey("kind") || IsTokenizerCases(json);
        }
        catch (LoopedException)
        {
            return true;
        }
    }
}
