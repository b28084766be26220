namespace Looped.Host.Tests;

/// <summary>Files of the source tree that a test holds to what the program does.</summary>
internal static class Repository
{
    /// <summary>The path of a file, found upwards from the tests' own folder.</summary>
    public static string File(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Looped.sln")))
                return Path.Combine(folder.FullName, relative);
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
