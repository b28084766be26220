namespace Looped.Models.Data.Preparation;

/// <summary>A folder that appears whole or not at all: filled under a temporary name beside its place, then renamed.</summary>
internal sealed class NewFolder : IDisposable
{
    private readonly string _target;

    /// <summary>Makes the temporary folder.</summary>
    /// <param name="target">The folder to make; it must not exist, or be empty.</param>
    /// <exception cref="UsageException">Something is there already, or the place cannot be written to.</exception>
    public NewFolder(string target)
    {
        _target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
        if (File.Exists(_target) || (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any()))
            throw new UsageException($"{target} exists already; choose another folder, or remove it first.");
        Path = $"{_target}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {target} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Where it is filled.</summary>
    public string Path { get; }

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="UsageException">Another process made it in the meantime.</exception>
    public void Keep()
    {
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

    /// <summary>Removes what was not kept.</summary>
    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}
