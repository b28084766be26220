using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Models.Families;

namespace Looped.Models.Checkpoints;

/// <summary>
/// A published model: a folder with `config.json` and either `model.safetensors` or `model.safetensors.index.json` with the files that it names,
/// as Hugging Face's library writes it.
/// </summary>
public sealed class PublicFolder
{
    private const string ConfigFile = "config.json", WeightsFile = "model.safetensors", IndexFile = "model.safetensors.index.json";

    private readonly string _path;

    private PublicFolder(string path, JsonObject config) => (_path, Config) = (path, config);

    /// <summary>The content of `config.json`.</summary>
    public JsonObject Config { get; }

    /// <summary>The path of `config.json`.</summary>
    public string ConfigPath => Path.Combine(_path, ConfigFile);

    /// <summary>Its `tokenizer.json`; null if it has none.</summary>
    public string? Tokenizer => Path.Combine(_path, "tokenizer.json") is var file && File.Exists(file) ? file : null;

    /// <summary>Whether a folder looks like one.</summary>
    public static bool Is(string path) =>
        File.Exists(Path.Combine(path, ConfigFile)) && (File.Exists(Path.Combine(path, WeightsFile)) || File.Exists(Path.Combine(path, IndexFile)));

    /// <summary>Opens a folder; tensors are read later.</summary>
    /// <exception cref="LoopedException">It has no usable `config.json`, or no weights.</exception>
    public static PublicFolder Open(string path)
    {
        if (!Directory.Exists(path)) throw new UsageException($"There is no folder {path}.");
        string config = Path.Combine(path, ConfigFile);
        if (!File.Exists(config)) throw new UsageException($"{path} has no {ConfigFile}, so it is no published model.");
        if (!Is(path)) throw new UsageException($"{path} has neither {WeightsFile} nor {IndexFile}, so it has no weights that can be read.");
        return new PublicFolder(path, ParseConfig(config));
    }

    /// <summary>The family that such models belong to.</summary>
    /// <exception cref="LoopedException">None here does.</exception>
    public (IFamily Family, IPublicFormat Format) Family()
    {
        string type = Config["model_type"]?.ToString() ?? "";
        (IFamily Family, IPublicFormat Format)[] known = [.. FamilyRegistry.All.Where(f => f is IPublicFormat).Select(f => (f, (IPublicFormat)f))];
        return known.FirstOrDefault(k => k.Format.ModelType == type) is { Family: not null } found
            ? found
            : throw new UsageException($"{ConfigPath}: the model_type '{type}' is not known here; it can be {string.Join(", ", known.Select(k => k.Format.ModelType))}.");
    }

    /// <summary>Reads every tensor that is a parameter.</summary>
    /// <param name="name">Our name of a published tensor; null for what is left out.</param>
    /// <exception cref="LoopedException">A file is missing or damaged, or the index does not fit the files.</exception>
    public IReadOnlyList<NamedTensor> Read(Func<string, string?> name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string index = Path.Combine(_path, IndexFile);
        return File.Exists(index) ? ReadShards(index, name) : Read(Path.Combine(_path, WeightsFile), name, _ => true);
    }

    /// <summary>Writes a folder.</summary>
    /// <param name="path">A folder that is made; it must not exist, or be empty.</param>
    /// <param name="config">The content of `config.json`.</param>
    /// <param name="weights">The tensors under their published names.</param>
    /// <exception cref="LoopedException">It cannot be written.</exception>
    public static void Write(string path, JsonObject config, IReadOnlyList<NamedTensor> weights)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()) throw new UsageException($"{path} is not empty; choose a new folder.");
        try
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, ConfigFile), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be written: {e.Message}", e);
        }
        SafetensorsWriter.Write(Path.Combine(path, WeightsFile), weights, new Dictionary<string, string> { ["format"] = "pt" });
    }

    private List<NamedTensor> ReadShards(string index, Func<string, string?> name)
    {
        if (Parse(index)["weight_map"] is not JsonObject map) throw new LoopedException($"{index} has no weight_map; copy the folder again.");
        var places = new Dictionary<string, string>();
        foreach ((string tensor, JsonNode? file) in map)
            places[tensor] = file is JsonValue value && value.TryGetValue(out string? shard) && Path.GetFileName(shard) == shard
                ? shard
                : throw new LoopedException($"{index}: the file of '{tensor}' is {file?.ToJsonString() ?? "null"}, which is not a name in this folder.");
        string[] shards = [.. places.Values.Distinct().Order(StringComparer.Ordinal)];
        string[] missing = [.. shards.Where(s => !File.Exists(Path.Combine(_path, s)))];
        if (missing.Length > 0) throw new LoopedException($"{_path} lacks {string.Join(", ", missing)}, which its {IndexFile} names; copy the folder again.");
        List<NamedTensor> all = [.. shards.SelectMany(s => Read(Path.Combine(_path, s), name, tensor => places.GetValueOrDefault(tensor) == s))];
        string[] lacking = [.. places.Keys.Select(name).OfType<string>().Except(all.Select(t => t.Name)).Order(StringComparer.Ordinal)];
        return lacking.Length == 0 ? all : throw new LoopedException($"{index} names tensors that are not in their files: {string.Join(", ", lacking)}; copy the folder again.");
    }

    private static List<NamedTensor> Read(string file, Func<string, string?> name, Func<string, bool> wanted)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(file);
        return [.. tensors.Entries.Where(e => wanted(e.Name) && name(e.Name) is not null).Select(e => tensors.Read(e.Name) with { Name = name(e.Name)! })];
    }

    /// <summary>A folder whose `config.json` is none is no published model: that is bad usage, as if there were no such file.</summary>
    private static JsonObject ParseConfig(string path)
    {
        try
        {
            return Parse(path);
        }
        catch (LoopedException e)
        {
            throw new UsageException(e.Message, e);
        }
    }

    private static JsonObject Parse(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new LoopedException($"{path} holds no JSON object.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
