using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Slurm;

/// <summary>What the job scripts of a run need to know. Paths are as typed, relative to the folder from which the jobs are submitted.</summary>
internal sealed partial record SlurmJob
{
    /// <summary>Seconds before the time limit at which SLURM gives notice.</summary>
    public const int NoticeBeforeLimit = 120;

    /// <summary>The recipe: a shipped name or a path.</summary>
    public required string Recipe { get; init; }

    /// <summary>What the jobs are called after.</summary>
    public required string Name { get; init; }

    /// <summary>Overrides of the recipe, key=value.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>The words that start this program on a node.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>The run folder, on a file system that every node sees.</summary>
    public required string Run { get; init; }

    /// <summary>Where the scripts go.</summary>
    public required string Output { get; init; }

    /// <summary>Workers: tasks of the array, one node each.</summary>
    public required int Workers { get; init; }

    /// <summary>The partition of the workers, which may be preempted.</summary>
    public required string Partition { get; init; }

    /// <summary>The partition of the seed, which should not be; null for the site's default.</summary>
    public string? SeedPartition { get; init; }

    /// <summary>Limit of each job, as SLURM writes it.</summary>
    public required string Time { get; init; }

    /// <summary>CPUs of each job; the recipe's threads.</summary>
    public required int Cpus { get; init; }

    /// <summary>GPUs of each worker, 0 or 1.</summary>
    public required int Gpus { get; init; }

    /// <summary>Memory of each job, as SLURM writes it.</summary>
    public required string Memory { get; init; }

    /// <summary>Seconds between notice and kill that the workers' partition gives.</summary>
    public required int Grace { get; init; }

    /// <summary>The account to charge; null for the user's own.</summary>
    public string? Account { get; init; }

    /// <summary>The port on which the seed listens.</summary>
    public required int Port { get; init; }

    /// <summary>What the job's name may contain of the run's.</summary>
    public string JobName => $"looped-{NotPlain().Replace(Name, "-")}";

    /// <summary>What a worker is told: the rest, at most 5 s, is for leaving the job and for a clock that is late.</summary>
    public int WorkerGrace => Grace - Math.Clamp(Grace / 5, 1, 5);

    /// <summary>Says in one sentence what cannot be used.</summary>
    /// <exception cref="UsageException">A value is out of range, or would not survive the way through the scripts.</exception>
    public SlurmJob Checked()
    {
        Demand(Workers is >= 1 and <= 4096, $"--workers is {Workers}; it must be from 1 to 4096, the number of micro-batches a step can have.");
        Demand(Cpus >= 1, $"--cpus is {Cpus}; it must be at least 1.");
        Demand(Gpus is 0 or 1, $"--gpus is {Gpus}; a worker trains on one GPU or on none, so use more --workers instead.");
        Demand(Grace >= 2, $"--grace is {Grace}; a worker cannot leave in less than 2 seconds.");
        Demand(WorkerGrace <= SecondsOptions.Most, $"--grace is {Grace}; a worker takes a million seconds at most.");
        Demand(Port is >= 1 and <= 65535, $"--port is {Port}; it must be from 1 to 65535.");
        Demand(TimeLimit().IsMatch(Time), $"--time is '{Time}'; write it as SLURM does: minutes, hours:minutes:seconds, or days-hours.");
        Demand(LimitSeconds(Time) is 0 or > NoticeBeforeLimit, $"--time is '{Time}'; a job is told to leave {NoticeBeforeLimit} s before its limit, so it would never begin: give it more than that.");
        Demand(Program is [not "", ..], "--program is empty; write the command that starts this program on a node, or leave it out.");
        Demand(MemorySize().IsMatch(Memory), $"--memory is '{Memory}'; write it as SLURM does: 16G, 900M.");
        foreach ((string option, string? word) in new[] { ("--partition", Partition), ("--seed-partition", SeedPartition), ("--account", Account) })
            Demand(word is null || PlainWord().IsMatch(word), $"{option} is '{word}'; only letters, digits and _ . , - can stand in a job script.");
        foreach ((string option, string path) in new[] { ("--run", Run), ("--output", Output) })
            Demand(path.Length > 0 && !path.Any(c => c is '%' or '\\' || char.IsControl(c)), $"{option} is '{path}'; SLURM gives %, \\ and control characters a meaning of their own, so choose another folder.");
        return this;
    }

    /// <summary>A limit as SLURM reads it; 0 is none.</summary>
    private static double LimitSeconds(string time)
    {
        string[] days = time.Split('-');
        double[] parts = [.. days[^1].Split(':').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        // After days, hours come first; without them a number alone is minutes, and of two the second is seconds.
        int largest = days.Length > 1 || parts.Length > 2 ? 3600 : 60;
        return parts.Select((part, i) => part * largest / Math.Pow(60, i)).Sum() + (days.Length > 1 ? 86400 * double.Parse(days[0], CultureInfo.InvariantCulture) : 0);
    }

    private static void Demand(bool holds, string sentence)
    {
        if (!holds) throw new UsageException(sentence);
    }

    [GeneratedRegex(@"[^A-Za-z0-9_.-]+")]
    private static partial Regex NotPlain();

    [GeneratedRegex(@"^[A-Za-z0-9_.,-]+\z")]
    private static partial Regex PlainWord();

    [GeneratedRegex(@"^(\d+|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2})\z")]
    private static partial Regex TimeLimit();

    [GeneratedRegex(@"^\d+[KMGT]?\z")]
    private static partial Regex MemorySize();
}
