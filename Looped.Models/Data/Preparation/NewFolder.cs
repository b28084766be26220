namespace Looped.Models.Data.Preparation;

/// <summary>
/// A folder that appears whole or not at all: filled under another name beside its place, then renamed. What is unfinished is removed,
/// or, in a resumable one, kept once it holds a <see cref="PreparationNote"/>.
/// </summary>
internal sealed class NewFolder : IDisposable
{
    private readonly string _target;
    private readonly FileStream? _lock;

    /// <summary>Makes the unfinished folder, or opens it.</summary>
    /// <param name="target">The folder to make; it must not exist, or be empty.</param>
    /// <param name="resumable">Whether to go on with what is there; one process at a time.</param>
    /// <exception cref="UsageException">Something is there already, the place cannot be written to, or another process is at it.</exception>
    public NewFolder(string target, bool resumable = false)
    {
        _target = Full(target);
        if (File.Exists(_target) || (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any()))
            throw new UsageException($"{target} exists already; choose another folder, or remove it first.");
        Path = resumable ? Unfinished(target) : $"{_target}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {target} cannot be made: {e.Message}", e);
        }
        if (resumable) _lock = Lock(target);
    }

    /// <summary>Where it is filled.</summary>
    public string Path { get; }

    /// <summary>Where a resumable folder is filled.</summary>
    public static string Unfinished(string target) => Full(target) + ".unfinished";

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="UsageException">Another process made it in the meantime.</exception>
    public void Keep()
    {
        PreparationNote.Remove(Path);
        _lock?.Dispose();
        try
        {
            if (Directory.Exists(_target)) Directory.Delete(_target);
            Directory.Move(Path, _target);
        }
        catch (IOException e)
        {
            throw new UsageException($"{_target} was made by something else in the meantime; choose another folder, or remove it first.", e);
        }
    }

    /// <summary>Removes what was not kept and cannot be gone on with.</summary>
    public void Dispose()
    {
        _lock?.Dispose();
        if (Directory.Exists(Path) && !PreparationNote.Exists(Path)) Directory.Delete(Path, recursive: true);
    }

    private static string Full(string target) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));

    private FileStream Lock(string target)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"Another process is preparing {target}; wait for it, or choose another folder.", e);
        }
    }
}
