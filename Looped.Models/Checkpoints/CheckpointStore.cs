using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Looped.Models.Checkpoints;

/// <summary>The folder of a run's checkpoints: names, what is there, the newest that verifies, removal.</summary>
public static class CheckpointStore
{
    private const string Prefix = "step-", TemporarySuffix = ".tmp";

    /// <summary>Where the checkpoint of a step is: <c>step-000100</c>.</summary>
    public static string PathOf(string checkpoints, long step) => Path.Combine(checkpoints, Prefix + step.ToString("D6", CultureInfo.InvariantCulture));

    /// <summary>The step a folder is named after, or null if it is not named like a checkpoint.</summary>
    public static long? StepOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            && Path.GetFileName(PathOf("", step)) == name ? step : null;
    }

    /// <summary>The steps of all checkpoints, ascending, whether they verify or not.</summary>
    public static IReadOnlyList<long> Steps(string checkpoints) => Directory.Exists(checkpoints)
        ? [.. Directory.EnumerateDirectories(checkpoints).Select(StepOf).OfType<long>().Order()]
        : [];

    /// <summary>The newest checkpoint that is whole.</summary>
    /// <param name="checkpoints">The folder of checkpoints; it need not exist.</param>
    /// <param name="warnings">A sentence for each newer one that was passed over.</param>
    /// <returns>Its folder, or null if none is whole.</returns>
    public static string? FindNewestVerified(string checkpoints, out IReadOnlyList<string> warnings)
    {
        var problems = new List<string>();
        warnings = problems;
        foreach (long step in Steps(checkpoints).Reverse())
        {
            string path = PathOf(checkpoints, step);
            if (CheckpointReader.TryVerify(path, out _, out string? problem)) return path;
            problems.Add($"The checkpoint {path} is passed over: {problem}.");
        }
        return null;
    }

    /// <summary>Finds the checkpoint a user means: its own folder, a folder of checkpoints, or a run folder, of which the newest whole one.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string Resolve(string path)
    {
        if (File.Exists(Path.Combine(path, CheckpointManifest.FileName)) || StepOf(path) is not null && Directory.Exists(path)) return path;
        foreach (string folder in (string[])[Path.Combine(path, "checkpoints"), path])
        {
            if (FindNewestVerified(folder, out IReadOnlyList<string> warnings) is { } found) return found;
            if (warnings.Count > 0) throw new UsageException($"No checkpoint in {folder} is whole. {string.Join(' ', warnings)}");
        }
        throw new UsageException($"There is no checkpoint at {path}; give a folder such as runs/quickstart/checkpoints/step-000100, or a run folder that has one.");
    }

    /// <summary>Removes a checkpoint. It is renamed first, so that it never stands half removed under its name.</summary>
    /// <exception cref="LoopedException">The file system refuses.</exception>
    public static void Delete(string checkpoints, long step)
    {
        try
        {
            string doomed = TemporaryPath(checkpoints, step, "deleted");
            RemoveFolder(doomed);
            Directory.Move(PathOf(checkpoints, step), doomed);
            RemoveFolder(doomed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"The checkpoint of step {step} cannot be removed from {checkpoints}");
        }
    }

    /// <summary>Removes what dead writers left behind, and nothing that is not named like a writer's temporary folder.</summary>
    /// <param name="checkpoints">The folder of checkpoints; it need not exist.</param>
    /// <param name="isLiving">Says of an incarnation whether it may still be writing; null if none may.</param>
    /// <returns>The folders that were removed.</returns>
    public static IReadOnlyList<string> RemoveLeftovers(string checkpoints, Func<string, bool>? isLiving = null)
    {
        var removed = new List<string>();
        if (!Directory.Exists(checkpoints)) return removed;
        foreach (string path in Directory.GetDirectories(checkpoints))
            if (TryParseTemporary(Path.GetFileName(path), out string? incarnation) && isLiving?.Invoke(incarnation) != true && TryRemoveFolder(path))
                removed.Add(path);
        return removed;
    }

    /// <summary>Where a writer prepares the checkpoint of a step: <c>.step-000100.INCARNATION.tmp</c>.</summary>
    internal static string TemporaryPath(string checkpoints, long step, string incarnation)
    {
        if (incarnation.Length == 0 || !incarnation.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new ArgumentException($"'{incarnation}' is not made of letters, digits, '-' and '_'.", nameof(incarnation));
        return Path.Combine(checkpoints, $".{Path.GetFileName(PathOf("", step))}.{incarnation}{TemporarySuffix}");
    }

    /// <summary>Renames a damaged checkpoint so that its step is free again; nothing is lost for whoever wants to look.</summary>
    internal static string MoveAside(string path, string incarnation)
    {
        string aside = Path.Combine(Path.GetDirectoryName(path)!, $"damaged-{Path.GetFileName(path)}-{incarnation}-{Guid.NewGuid().ToString("N")[..8]}");
        Directory.Move(path, aside);
        return aside;
    }

    internal static void RemoveFolder(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    /// <summary>Removes a folder if the file system lets us; a leftover is tried again at the next start.</summary>
    internal static bool TryRemoveFolder(string path)
    {
        try
        {
            RemoveFolder(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TryParseTemporary(string name, [NotNullWhen(true)] out string? incarnation)
    {
        string[] parts = name.Split('.');
        bool ours = parts is ["", _, _, "tmp"] && StepOf(parts[1]) is not null;
        incarnation = ours ? parts[2] : null;
        return ours;
    }
}
