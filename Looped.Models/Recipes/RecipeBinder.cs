using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Families;

namespace Looped.Models.Recipes;

/// <summary>
/// Turns a tree of words into immutable records, strictly: every key must exist, every value must have its type and lie in its range.
/// All problems are collected, so that a person mends a file once.
/// </summary>
internal sealed class RecipeBinder(IReadOnlyList<IFamily> families)
{
    private readonly List<(Origin? Origin, RecipeProblem Problem)> _problems = [];
    private readonly Dictionary<string, Origin> _origins = [];
    private readonly List<(TextNode Key, string Path, IReadOnlyList<RecipeKey> Valid)> _unknown = [];

    /// <summary>Binds a whole recipe, or fails with every problem, a line each.</summary>
    /// <typeparam name="T">The recipe's record; its sections have defaults.</typeparam>
    /// <param name="root">The document with the overrides in it.</param>
    /// <param name="file">Its name in error messages.</param>
    /// <exception cref="UsageException">Something in it cannot be used.</exception>
    public T Bind<T>(SectionNode root, string file) where T : Recipe
    {
        var recipe = (T)BindSection(Activator.CreateInstance<T>(), root, "");
        ReportUnknownKeys(recipe);
        // Rules between keys read bound values: they make sense only when each value is sound by itself.
        if (_problems.Count == 0)
        {
            foreach (RecipeProblem problem in RecipeRules.Problems(recipe))
                Report(OriginOf(problem), problem.Key, problem.Sentence);
        }

        if (_problems.Count > 0)
            throw new UsageException(Describe(file));
        return recipe;
    }

    /// <summary>Where to look: at the key, unless the sentence names another one that an override has just changed.</summary>
    private Origin? OriginOf(RecipeProblem problem)
    {
        Origin? own = _origins.GetValueOrDefault(problem.Key);
        if (own?.OverridePath is not null) return own;
        return _origins.Values.FirstOrDefault(o => o.OverridePath is { } path && Regex.IsMatch(problem.Sentence, $@"(?<![\w.]){Regex.Escape(path)}(?![\w.])")) ?? own;
    }

    private object BindSection(object defaults, SectionNode section, string path)
    {
        IReadOnlyList<RecipeKey> keys = RecipeKey.Of(defaults.GetType());
        object result = Activator.CreateInstance(defaults.GetType())!;
        foreach (RecipeKey key in keys)
        {
            string keyPath = Join(path, key.Name);
            (TextNode Key, RecipeNode Value)[] found = [.. section.Entries.Where(e => e.Key.Value == key.Name)];
            foreach ((TextNode again, _) in found.Skip(1))
                Report(again.Origin, keyPath, $"is given twice, first in {found[0].Key.Origin.Where}; keep one");

            object? value = key.Property.GetValue(defaults);
            if (found.Length > 0)
            {
                _origins[keyPath] = found[0].Value.Origin;
                value = BindValue(key.Type, value, key, found[0].Value, keyPath) ?? value;
                if (key.Nullable && found[0].Value is TextNode { IsNull: true })
                    value = null;
            }
            else if (key.Required && value is null or "")
            {
                Report(section.Entries.Count > 0 && path != "" ? section.Origin : null, keyPath, "this key is required");
            }

            key.Property.SetValue(result, value);
        }

        _unknown.AddRange(section.Entries.Where(e => keys.All(k => k.Name != e.Key.Value)).Select(e => (e.Key, Join(path, e.Key.Value), keys)));
        return result;
    }

    /// <summary>The value, or null when a problem was reported (or the value is null and may be).</summary>
    private object? BindValue(Type type, object? defaults, RecipeKey key, RecipeNode node, string path)
    {
        if (RecipeKey.IsSectionType(type))
        {
            SectionNode? section = node switch
            {
                SectionNode s => s,
                TextNode { IsNull: true } empty => new SectionNode(empty.Origin, []),
                _ => null,
            };
            if (section is null)
                return Problem(node, path, "must be a section of keys, not a value");
            return type == typeof(ModelConfig) ? BindModel(section, path) : BindSection(defaults ?? Activator.CreateInstance(type)!, section, path);
        }

        if (RecipeScalar.ElementType(type) is { } element)
        {
            if (key.Nullable && node is TextNode { IsNull: true }) return null;
            if (node is not ListNode list)
                return Problem(node, path, $"must be {RecipeScalar.Describe(type)}, such as [a, b]");
            var items = Array.CreateInstance(element, list.Items.Count);
            foreach ((int i, RecipeNode item) in list.Items.Index())
            {
                if (BindValue(element, null, key, item, $"{path}[{i}]") is { } value)
                    items.SetValue(value, i);
            }

            return items;
        }

        return node is TextNode text ? BindScalar(type, key, text, path) : Problem(node, path, $"must be {RecipeScalar.Describe(type)}, not {Kind(node)}");
    }

    private object? BindScalar(Type type, RecipeKey key, TextNode node, string path)
    {
        if (key.Nullable && node.IsNull)
            return null;
        object? value = RecipeScalar.Parse(type, node, out string? problem);
        if (problem is not null)
            return Problem(node, path, problem);
        if (key.Required && value is string text && string.IsNullOrWhiteSpace(text))
            return Problem(node, path, "must not be empty");
        if (key.Range is { } range && !InRange(range, value!))
            return Problem(node, path, $"must be {RecipeScalar.Limits(range)}, not {node.Value}");
        return value;
    }

    /// <summary>The family named in the section decides which keys exist.</summary>
    private object? BindModel(SectionNode section, string path)
    {
        string place = Join(path, "family");
        (TextNode _, RecipeNode value) = section.Entries.FirstOrDefault(e => e.Key.Value == "family");
        string[] names = [.. families.Select(f => f.Name)];
        if (value is null)
            return Problem(section, place, $"this key is required; families: {string.Join(", ", names)}");
        if (value is TextNode name && families.FirstOrDefault(f => f.Name == name.Value) is { } family)
            return BindSection(family.DefaultConfig, section, path);
        return Problem(value, place, value is not TextNode text ? "must be the name of a family"
            : $"there is no family '{text.Value}'{Suggestions.DidYouMean(text.Value, names)} (families: {string.Join(", ", names)})");
    }

    private void ReportUnknownKeys(Recipe recipe)
    {
        string[] all = [.. RecipeKey.Paths(recipe)];
        foreach ((TextNode key, string path, IReadOnlyList<RecipeKey> valid) in _unknown)
        {
            Report(key.Origin, key.Origin.OverridePath ?? path, Meant(key, path, valid, all) is { } meant
                ? $"there is no such key; did you mean '{meant}'?"
                : $"there is no such key; valid ones here: {string.Join(", ", valid.Select(k => k.Name))}");
        }
    }

    /// <summary>The whole key a person most likely meant: a neighbour, else the same word in another section.</summary>
    private static string? Meant(TextNode key, string path, IReadOnlyList<RecipeKey> valid, string[] all)
    {
        if (Suggestions.Nearest(key.Value, valid.Select(k => k.Name)) is not { } neighbour)
            return all.FirstOrDefault(p => p.EndsWith($".{key.Value}", StringComparison.Ordinal));

        string meant = path[..^key.Value.Length] + neighbour;
        string rest = key.Origin.OverridePath?[path.Length..] ?? "";
        return rest == "" ? meant : Suggestions.Nearest(meant + rest, all.Where(p => p.StartsWith($"{meant}.", StringComparison.Ordinal))) ?? meant;
    }

    private object? Problem(RecipeNode node, string path, string sentence)
    {
        Report(node.Origin, path, sentence);
        return null;
    }

    private void Report(Origin? origin, string path, string sentence) => _problems.Add((origin, new RecipeProblem(path, sentence)));

    private string Describe(string file)
    {
        IEnumerable<string> lines = _problems.Select(p => $"{p.Origin?.Where ?? file}: {p.Problem.Key}: {p.Problem.Sentence}").Distinct();
        return _problems.Count == 1 ? lines.Single() : $"{file} has {_problems.Count} problems:{string.Concat(lines.Select(l => $"\n  {l}"))}";
    }

    private static bool InRange(RangeAttribute range, object value) =>
        value is TimeSpan duration && range is { Minimum: string least, Maximum: string most }
            ? duration >= TimeSpan.Parse(least, CultureInfo.InvariantCulture) && duration <= TimeSpan.Parse(most, CultureInfo.InvariantCulture)
            : range.IsValid(value);

    private static string Kind(RecipeNode node) => node is ListNode ? "a list" : "a section of keys";

    private static string Join(string path, string key) => path == "" ? key : $"{path}.{key}";
}
