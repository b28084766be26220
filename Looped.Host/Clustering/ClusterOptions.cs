using System.CommandLine;
using Looped.Actors.Clustering;

namespace Looped.Host.Clustering;

/// <summary>Options that the commands of a cluster share.</summary>
internal static class ClusterOptions
{
    public static Option<string[]> Seeds(string description, bool required) => new("--seed")
    {
        Description = description,
        HelpName = "HOST:PORT",
        Required = required,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public static Option<string> Listen(string fallback) => new("--listen")
    {
        Description = "The address to listen on; port 0 takes a free one.",
        HelpName = "HOST:PORT",
        DefaultValueFactory = _ => fallback,
    };

    public static Option<string?> Advertise() => new("--advertise")
    {
        Description = "Where other nodes reach this one, if not where it listens.",
        HelpName = "HOST",
    };

    public static Option<string?> SecretFile() => new("--secret-file")
    {
        Description = "A file with the cluster's secret, mode 600; otherwise LOOPED_SECRET, or your own on one machine.",
        HelpName = "FILE",
    };

    public static Option<double> Wait(double seconds) => new("--wait")
    {
        Description = "Wait this many seconds for a seed to answer.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => seconds,
    };

    public static Option<bool> UntilInputCloses() => new("--until-input-closes")
    {
        Description = "Leave when standard input is closed, as it is when a parent process dies.",
        Hidden = true,
    };

    public static IReadOnlyList<NodeAddress> Addresses(string[]? seeds) => [.. (seeds ?? []).Select(s => ListenAddress.Parse("--seed", s))];
}
