using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation.Parity;

/// <summary>A reference vector: a JSON file and, with the same name, usually a safetensors file.</summary>
public sealed class ParityVector
{
    private const string CasePrefix = "case.";

    private ParityVector(string path, JsonObject json, IReadOnlyDictionary<string, NamedTensor> tensors, ScalarType precision, string device)
    {
        (Path, Json, Tensors, Precision, Device) = (path, json, tensors, precision, device);
        Family = json.Text("family", path);
        Kind = json.Text("kind", path);
        Name = json.Text("name", path);
        Tolerances = ParityTolerances.Read(json, path);
    }

    /// <summary>The JSON file.</summary>
    public string Path { get; }

    /// <summary>Its contents.</summary>
    public JsonObject Json { get; }

    /// <summary>Every tensor by its full name; empty where there is no safetensors file.</summary>
    public IReadOnlyDictionary<string, NamedTensor> Tensors { get; }

    /// <summary>What our model computes in: float32, or float64 to see how much of an error is rounding.</summary>
    public ScalarType Precision { get; }

    /// <summary>Where our model computes; the tensors of <see cref="ParityCase.Find"/> are there.</summary>
    public string Device { get; }

    /// <summary>`family`.</summary>
    public string Family { get; }

    /// <summary>`kind`.</summary>
    public string Kind { get; }

    /// <summary>`name`.</summary>
    public string Name { get; }

    /// <summary>`tolerance`.</summary>
    public ParityTolerances Tolerances { get; }

    /// <summary>Reads a vector.</summary>
    /// <param name="path">Its JSON file.</param>
    /// <param name="precision">What our model shall compute in.</param>
    /// <param name="device">Where it shall compute.</param>
    /// <exception cref="LoopedException">A file is damaged, or a key that every vector has is missing.</exception>
    public static ParityVector Load(string path, ScalarType precision = ScalarType.Float32, string device = "cpu")
    {
        JsonObject json = ParityJson.Read(path);
        string tensors = System.IO.Path.ChangeExtension(path, ".safetensors");
        return new(path, json, File.Exists(tensors) ? SafetensorsFile.ReadAll(tensors).ToDictionary(t => t.Name) : [], precision, device);
    }

    /// <summary>
    /// The cases: those listed under `cases` in the JSON, then any that only the tensors' names mention, so that nothing in a file
    /// goes unnoticed. A file with neither is one case, named after its kind.
    /// </summary>
    public IReadOnlyList<ParityCase> Cases()
    {
        var cases = new List<ParityCase>();
        foreach (JsonObject settings in (Json["cases"] as JsonArray ?? []).OfType<JsonObject>().Where(c => c["name"] is JsonValue))
        {
            string name = settings.Text("name", Path);
            string prefix = settings["prefix"]?.GetValue<string>() ?? (cases.Count == 0 ? "" : $"{CasePrefix}{name}.");
            cases.Add(new ParityCase(this, name, prefix, settings));
        }
        foreach (string tensor in Tensors.Keys)
        {
            if (cases.Exists(c => c.Owns(tensor))) continue;
            string prefix = tensor.StartsWith(CasePrefix, StringComparison.Ordinal) ? CasePrefix + tensor.Split('.')[1] + "." : "";
            if (prefix == "" && ParityTolerances.IsGiven(tensor)) continue;
            cases.Add(new ParityCase(this, prefix == "" ? Kind : tensor.Split('.')[1], prefix, settings: null));
        }
        return cases.Count > 0 ? cases : [new ParityCase(this, Kind, prefix: "", settings: null)];
    }

    /// <summary>Whether a name belongs to one of several cases.</summary>
    internal static bool IsOfACase(string tensor) => tensor.StartsWith(CasePrefix, StringComparison.Ordinal);
}
