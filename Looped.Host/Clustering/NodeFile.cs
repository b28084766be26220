using System.CommandLine;
using Looped.Models;
using Looped.Models.Recipes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Looped.Host.Clustering;

/// <summary>A node's options from a YAML file: `--node FILE`. What the command line says goes before what the file says.</summary>
internal static class NodeFile
{
    private const string Name = "--node";

    /// <summary>The option, for the help.</summary>
    public static Option<string?> Option() => new(Name) { Description = "A YAML file with options of this command; the command line goes before it.", HelpName = "FILE" };

    /// <summary>Puts the options of a file where it is named.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="command">The command whose options the keys are.</param>
    /// <exception cref="UsageException">The file cannot be read, or a key is no option.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> args, Command command)
    {
        int at = args.ToList().FindIndex(a => a == Name || a.StartsWith($"{Name}=", StringComparison.Ordinal));
        if (at < 0) return args;
        string? path = args[at].Length > Name.Length ? args[at][(Name.Length + 1)..] : args.ElementAtOrDefault(at + 1);
        if (path is null) return args; // the parser says what is missing
        string[] known = [.. command.Options.Select(o => o.Name.TrimStart('-')).Where(o => o != "node")];
        var expanded = new List<string>(args);
        foreach ((string key, IReadOnlyList<string> values, long line) in Read(path))
        {
            if (!known.Contains(key)) throw new UsageException($"{path}, line {line}: there is no option '{key}'{Suggestions.DidYouMean(key, known)}");
            if (args.Any(a => a == $"--{key}" || a.StartsWith($"--{key}=", StringComparison.Ordinal))) continue;
            foreach (string value in values) expanded.AddRange([$"--{key}", value]);
        }
        return expanded;
    }

    private static IEnumerable<(string Key, IReadOnlyList<string> Values, long Line)> Read(string path)
    {
        var yaml = new YamlStream();
        try
        {
            using StreamReader reader = File.OpenText(path);
            yaml.Load(reader);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The node file {path} cannot be read: {e.Message}", e);
        }
        catch (YamlException e)
        {
            throw new UsageException($"{path}, line {e.Start.Line}: {e.Message}", e);
        }
        if (yaml.Documents.Count == 0) return [];
        if (yaml.Documents[0].RootNode is not YamlMappingNode root) throw new UsageException($"{path}: expected lines such as `listen: 127.0.0.1:4053`.");
        return [.. root.Children.Select(pair => (((YamlScalarNode)pair.Key).Value ?? "", Values(path, pair.Value), pair.Key.Start.Line))];
    }

    private static IReadOnlyList<string> Values(string path, YamlNode node) => node switch
    {
        YamlScalarNode scalar => [scalar.Value ?? ""],
        YamlSequenceNode list => [.. list.SelectMany(item => Values(path, item))],
        _ => throw new UsageException($"{path}, line {node.Start.Line}: expected a value or a list."),
    };
}
