using System.CommandLine;
using System.Globalization;
using Looped.Models;

namespace Looped.Host.CommandLine;

/// <summary>Options that give a time in seconds.</summary>
internal static class SecondsOptions
{
    /// <summary>Longer than anybody waits, and short enough for every timer.</summary>
    public const int Most = 1_000_000;

    /// <summary>What was typed.</summary>
    /// <exception cref="UsageException">It is no time that can be waited for.</exception>
    public static TimeSpan GetSeconds(this ParseResult parsed, Option<double> option) => parsed.GetValue(option) is > 0 and <= Most and double seconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be more than 0 seconds, and a million at most."));
}
