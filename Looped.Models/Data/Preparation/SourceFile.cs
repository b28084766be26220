namespace Looped.Models.Data.Preparation;

/// <summary>A file to prepare.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">What `meta.json` calls it: the path within the folder that was named, or the file's name.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record SourceFile(string Path, string Name, long Bytes)
{
    private static readonly string[] JsonLinesExtensions = [".jsonl", ".ndjson"];

    /// <summary>Files taken from a folder. Markdown is not among them: beside a corpus it is its documentation.</summary>
    private static readonly string[] FolderExtensions = [".txt", .. JsonLinesExtensions];

    /// <summary>Whether each line is a JSON object rather than text.</summary>
    public bool IsJsonLines => HasExtension(Path, JsonLinesExtensions);

    /// <summary>The files behind a list of files and folders: in the order named, a folder's by relative path, ordinal.</summary>
    /// <exception cref="UsageException">Something does not exist, is named twice, or nothing was found.</exception>
    public static IReadOnlyList<SourceFile> Find(IReadOnlyList<string> sources)
    {
        SourceFile[] files = [.. sources.SelectMany(Expand)];
        if (files.GroupBy(f => System.IO.Path.GetFullPath(f.Path)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UsageException($"{twice.Key} is named twice among the sources; name it once.");
        return files;
    }

    private static IEnumerable<SourceFile> Expand(string source)
    {
        if (File.Exists(source)) return [Create(source, System.IO.Path.GetFileName(source))];
        if (!Directory.Exists(source)) throw new UsageException($"The source {source} does not exist; name a text file, a JSONL file or a folder.");
        SourceFile[] files = [.. Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Where(path => HasExtension(path, FolderExtensions))
            .Select(path => Create(path, System.IO.Path.GetRelativePath(source, path).Replace('\\', '/')))
            .OrderBy(file => file.Name, StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new UsageException($"The folder {source} has no {string.Join(", ", FolderExtensions)} file; name the files themselves if they are called otherwise.");
    }

    private static SourceFile Create(string path, string name) => new(path, name, new FileInfo(path).Length);

    private static bool HasExtension(string path, string[] extensions) =>
        extensions.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
