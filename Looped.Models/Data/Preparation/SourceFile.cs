namespace Looped.Models.Data.Preparation;

/// <summary>What is in a source file.</summary>
internal enum SourceKind
{
    /// <summary>UTF-8 text, one document.</summary>
    Text,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>A tar of zstandard-compressed JSONL files.</summary>
    Archive,

    /// <summary>Parquet, a document a row.</summary>
    Parquet,
}

/// <summary>A file to prepare.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">What `meta.json` calls it: the path within the folder that was named, or the file's name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Kind">What is in it.</param>
internal sealed record SourceFile(string Path, string Name, long Bytes, SourceKind Kind = SourceKind.Text)
{
    private static readonly string[] JsonLinesExtensions = [".jsonl", ".ndjson"], ArchiveExtensions = [".tar"], ParquetExtensions = [".parquet"];

    /// <summary>Files taken from a folder. Markdown is not among them: beside a corpus it is its documentation.</summary>
    private static readonly string[] FolderExtensions = [".txt", .. JsonLinesExtensions, .. ParquetExtensions];

    /// <summary>How often its bytes are read for one pass over its text: documents are counted first, or a file whose rows lie scattered is hashed apart.</summary>
    public int Readings => Kind == SourceKind.Text ? 1 : 2;

    /// <summary>The files behind a list of files and folders: in the order named, a folder's by relative path, ordinal.</summary>
    /// <exception cref="UsageException">Something does not exist, is named twice, or nothing was found.</exception>
    /// <param name="sources">Files and folders.</param>
    /// <param name="archives">Whether all files are archives, whatever they are called.</param>
    public static IReadOnlyList<SourceFile> Find(IReadOnlyList<string> sources, bool archives = false)
    {
        SourceFile[] files = [.. sources.SelectMany(source => Expand(source, archives ? ArchiveExtensions : FolderExtensions))];
        if (archives) files = Array.ConvertAll(files, file => file with { Kind = SourceKind.Archive });
        if (files.GroupBy(f => System.IO.Path.GetFullPath(f.Path)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UsageException($"{twice.Key} is named twice among the sources; name it once.");
        return files;
    }

    /// <summary>Whether a folder has files that would be taken from it.</summary>
    public static bool AreIn(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any(path => HasExtension(path, FolderExtensions));

    private static SourceFile[] Expand(string source, string[] extensions)
    {
        if (File.Exists(source)) return [Create(source, System.IO.Path.GetFileName(source))];
        if (!Directory.Exists(source)) throw new UsageException($"The source {source} does not exist; name a file or a folder.");
        SourceFile[] files = [.. Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Where(path => HasExtension(path, extensions))
            .Select(path => Create(path, System.IO.Path.GetRelativePath(source, path).Replace('\\', '/')))
            .OrderBy(file => file.Name, StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new UsageException($"The folder {source} has no {string.Join(", ", extensions)} file; name the files themselves if they are called otherwise.");
    }

    private static SourceFile Create(string path, string name) => new(path, name, new FileInfo(path).Length,
        HasExtension(path, JsonLinesExtensions) ? SourceKind.JsonLines
        : HasExtension(path, ArchiveExtensions) ? SourceKind.Archive
        : HasExtension(path, ParquetExtensions) ? SourceKind.Parquet
        : SourceKind.Text);

    private static bool HasExtension(string path, string[] extensions) =>
        extensions.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
