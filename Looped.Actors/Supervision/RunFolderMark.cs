namespace Looped.Actors.Supervision;

/// <summary>
/// Something that only one folder in the world has: the supervisor's term file with a random text in it. Who finds it where it takes the run
/// folder to be has the supervisor's own folder before it, and not an old copy of it or another one under the same path.
/// </summary>
/// <param name="File">The file, relative to the run folder, with slashes.</param>
/// <param name="Text">All that is in it; empty if it could only be created, because the disk was full.</param>
public sealed record RunFolderMark(string File, string Text)
{
    /// <summary>Whether a folder has the mark.</summary>
    /// <param name="folder">The root of what is taken to be the run folder.</param>
    public bool IsIn(string folder)
    {
        try
        {
            return System.IO.File.ReadAllText(Path.Combine(folder, File)) == Text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
