namespace Looped.Host.Training;

/// <summary>Folders outside the run: what ships with the program and what is kept for the user between runs.</summary>
internal static class UserFolders
{
    /// <summary>Corpora that ship with the program.</summary>
    public static string ShippedData { get; } = Path.Combine(AppContext.BaseDirectory, "data");

    /// <summary>Prepared token files: <c>$XDG_CACHE_HOME/looped/data</c>, by default under <c>~/.cache</c>.</summary>
    public static string PreparedData => Path.Combine(Base("XDG_CACHE_HOME", ".cache"), "looped", "data");

    /// <summary>Which token files were read whole and found to be what they should be: <c>$XDG_CACHE_HOME/looped/verified</c>.</summary>
    public static string Verified => Path.Combine(Base("XDG_CACHE_HOME", ".cache"), "looped", "verified");

    /// <summary>What the user has set up: <c>$XDG_CONFIG_HOME/looped</c>, by default under <c>~/.config</c>.</summary>
    public static string Configuration => Path.Combine(Base("XDG_CONFIG_HOME", ".config"), "looped");

    private static string Base(string variable, string byDefault) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), byDefault);
}
