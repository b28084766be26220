namespace Looped.Host.Training;

/// <summary>Folders outside the run: what ships with the program and what is kept for the user between runs.</summary>
internal static class UserFolders
{
    /// <summary>Corpora that ship with the program.</summary>
    public static string ShippedData { get; } = Path.Combine(AppContext.BaseDirectory, "data");

    /// <summary>Prepared token files: <c>$XDG_CACHE_HOME/looped/data</c>, by default under <c>~/.cache</c>.</summary>
    public static string PreparedData
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
                cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "looped", "data");
        }
    }
}
