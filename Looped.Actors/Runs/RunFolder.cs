using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>The places in a run folder; the names are fixed, so that scripts can rely on them.</summary>
/// <param name="Root">The folder, such as <c>runs/quickstart</c>.</param>
public sealed record RunFolder(string Root)
{
    /// <summary>The resolved recipe.</summary>
    public string Recipe => At("recipe.yaml");

    /// <summary>A line per committed step: loss, rate, speed.</summary>
    public string Metrics => At("metrics.jsonl");

    /// <summary>A line per committed step: who computed which micro-batches.</summary>
    public string Steps => At("steps.jsonl");

    /// <summary>A line per evaluation.</summary>
    public string Evaluations => At("evaluations.jsonl");

    /// <summary>A line per event: who came and went, recoveries, checkpoints.</summary>
    public string Events => At("events.jsonl");

    /// <summary>How the run ended.</summary>
    public string Summary => At("summary.json");

    /// <summary>The loss curve.</summary>
    public string LossPlot => At("loss.png");

    /// <summary>One page on the run.</summary>
    public string Report => At("report.html");

    /// <summary>A folder per checkpoint.</summary>
    public string Checkpoints => At("checkpoints");

    /// <summary>A file per generation and per term of a supervisor.</summary>
    public string Generations => At("generations");

    /// <summary>Logs of each process.</summary>
    public string Logs => At("logs");

    /// <summary>Locked by the process that owns the run; see <see cref="RunLock"/>.</summary>
    internal string Lock => At("run.lock");

    /// <summary>Says who holds the lock.</summary>
    internal string Owner => At("run.lock.json");

    /// <summary>The last part of the path.</summary>
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Root)));

    /// <summary>Whether a run was started here.</summary>
    public bool Exists => File.Exists(Recipe) || File.Exists(Metrics) || Directory.Exists(Checkpoints);

    /// <summary>Whether it holds imported weights and nothing was trained here: training writes no checkpoint of step 0.</summary>
    public bool IsImported => !File.Exists(Metrics) && CheckpointStore.Steps(Checkpoints) is [0];

    /// <summary>Makes the folders and checks that files can be written.</summary>
    /// <exception cref="LoopedException">They cannot be; the message says why and what to do.</exception>
    public void Create()
    {
        try
        {
            foreach (string folder in (string[])[Root, Checkpoints, Generations, Logs]) Directory.CreateDirectory(folder);
            string probe = At($".probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"The run folder {Root} cannot be written");
        }
    }

    private string At(string name) => Path.Combine(Root, name);
}
