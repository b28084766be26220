namespace Looped.Actors.Supervision;

/// <summary>
/// Something that only one folder in the world has: the supervisor's term file with a random text in it, or an empty file with a random name
/// that was made a moment ago. Who finds it where it takes the run folder to be has the supervisor's own folder before it, and not a copy of
/// it or another one under the same path.
/// </summary>
/// <param name="File">The file, relative to the run folder, with slashes.</param>
/// <param name="Text">All that is in it; empty if the name says it all, or if it could only be created, because the disk was full.</param>
/// <param name="Once">Whether the file is there for one newcomer, who removes it.</param>
public sealed record RunFolderMark(string File, string Text, bool Once = false)
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

    /// <summary>Removes a mark that has done its work; that of a term stays.</summary>
    /// <param name="folder">The root of the run folder.</param>
    public void RemoveFrom(string folder)
    {
        if (!Once) return;
        try
        {
            System.IO.File.Delete(Path.Combine(folder, File));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is in nobody's way: the supervisor keeps a few of them only.
        }
    }
}
