using System.CommandLine;
using System.CommandLine.Parsing;
using Looped.Models.Recipes;

namespace Looped.Host.CommandLine;

/// <summary>What is wrong with a command line, in sentences that name the nearest valid word.</summary>
internal static class UsageErrors
{
    /// <summary>All mistakes of a parsed command line; empty if it can be run.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string[] unknown = [.. UnknownWords(parsed)];
        // Options after a mistyped command belong to the command that was meant.
        if (command.Subcommands.Count > 0 && Array.Find(unknown, word => !word.StartsWith('-')) is { } mistyped)
            unknown = [mistyped];
        if (unknown.Length > 0)
            return [.. unknown.Select(word => Describe(word, command))];
        if (parsed.Errors.Count > 0)
            return [.. parsed.Errors.Select(e => Describe(e, command)).Distinct()];
        return [];
    }

    /// <summary>
    /// Words that belong to nothing, and options that do not exist: the parser would take a mistyped <c>--dry-rum</c>
    /// as the value of an optional argument.
    /// </summary>
    private static IEnumerable<string> UnknownWords(ParseResult parsed)
    {
        bool literal = parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash);
        IEnumerable<string> values = parsed.CommandResult.Children.SelectMany(c => c.Tokens).Select(t => t.Value);
        IEnumerable<string> options = literal ? [] : values.Where(v => v.StartsWith("--", StringComparison.Ordinal));
        return options.Concat(parsed.UnmatchedTokens).Distinct();
    }

    private static string Describe(string word, Command command)
    {
        if (word.StartsWith('-'))
        {
            IEnumerable<string> options = Lineage(command).SelectMany((c, depth) => c.Options.Where(o => depth == 0 || o.Recursive))
                .SelectMany(o => o.Aliases.Append(o.Name));
            string name = word.Split('=')[0];
            return $"{PathOf(command)} has no option {name}{Suggestions.DidYouMean(name, options)}";
        }

        return command.Subcommands.Count > 0
            ? $"{PathOf(command)} has no command '{word}'{Suggestions.DidYouMean(word, command.Subcommands.Select(c => c.Name))}"
            : $"{PathOf(command)} does not know what to do with '{word}'";
    }

    /// <summary>The library's sentences name .NET types; ours say what to type.</summary>
    private static string Describe(ParseError error, Command command)
    {
        if (command.Action is null && command.Subcommands.Count > 0)
            return $"{PathOf(command)} needs one of its commands: {string.Join(", ", command.Subcommands.Select(c => c.Name))}";
        bool unreadable = error.Message.StartsWith("Cannot parse argument", StringComparison.Ordinal);
        return error.SymbolResult switch
        {
            OptionResult { Tokens: [var token] } option when unreadable => Unreadable(option.Option.Name, option.Option.ValueType, token),
            ArgumentResult { Tokens: [var token], Parent: OptionResult option } when unreadable => Unreadable(option.Option.Name, option.Option.ValueType, token),
            ArgumentResult { Tokens: [var token] } argument when unreadable => Unreadable(argument.Argument.Name, argument.Argument.ValueType, token),
            _ => error.Message.TrimEnd('.'),
        };
    }

    private static string Unreadable(string name, Type type, Token token) =>
        $"{name} must be {RecipeScalar.Describe(Nullable.GetUnderlyingType(type) ?? type)}, not '{token.Value}'";

    /// <summary>The command's name as typed, such as <c>looped recipe show</c>.</summary>
    public static string PathOf(Command command) => string.Join(' ', Lineage(command).Reverse().Select(c => c.Name));

    private static IEnumerable<Command> Lineage(Command command)
    {
        for (Command? c = command; c is not null; c = c.Parents.OfType<Command>().FirstOrDefault())
            yield return c;
    }
}
