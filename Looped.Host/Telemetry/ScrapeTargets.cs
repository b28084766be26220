using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Host.Telemetry;

/// <summary>
/// <c>targets-RUN.json</c> beside the run folder: what Prometheus reads to find the processes of the run, as they come and go. Written whole or not
/// at all, removed at the end.
/// </summary>
internal sealed class ScrapeTargets : IDisposable
{
    private readonly string _path, _run;
    private readonly ScrapeAddress _own;
    private readonly string _role;
    private readonly Action<string> _warn;

    /// <summary>Writes the file with the process that answers for the run.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="own">Where this process is scraped.</param>
    /// <param name="role">Its role.</param>
    /// <param name="warn">Told when the file cannot be written.</param>
    public ScrapeTargets(RunFolder folder, ScrapeAddress own, string role, Action<string> warn)
    {
        string root = Path.GetFullPath(Path.TrimEndingDirectorySeparator(folder.Root));
        (_run, _own, _role, _warn) = (folder.Name, own, role, warn);
        _path = Path.Combine(Path.GetDirectoryName(root) ?? root, $"targets-{_run}.json");
        Write([]);
    }

    /// <summary>Writes it anew.</summary>
    /// <param name="workers">The workers that are there.</param>
    public void Write(IReadOnlyList<WorkerPlace> workers)
    {
        IEnumerable<JsonNode> targets = workers
            .Where(w => w.Host.Length > 0)
            .Select(w => Target(ScrapeAddress.Join(w.Host.Trim('[', ']'), ScrapeAddress.PortOf(_own.Port, w.Slot)), $"{w.Slot}", "worker"))
            .Prepend(Target(_own.Target, _role, _role));
        try
        {
            DurableFiles.WriteAtomically(_path, JsonSerializer.SerializeToUtf8Bytes(new JsonArray([.. targets])));
        }
        catch (LoopedException e)
        {
            _warn($"Prometheus will not find the workers: {e.Message}");
        }
    }

    private JsonObject Target(string address, string slot, string role) => new()
    {
        ["targets"] = new JsonArray(address),
        ["labels"] = new JsonObject { ["run"] = _run, ["slot"] = slot, ["role"] = role },
    };

    public void Dispose()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"{_path} cannot be removed: {e.Message}");
        }
    }
}
