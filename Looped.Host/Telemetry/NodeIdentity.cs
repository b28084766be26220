using System.Reflection;
using System.Runtime.InteropServices;

namespace Looped.Host.Telemetry;

/// <summary>Who sends a signal: what stays the same for the life of a process. Rank and generation change, and are never in here.</summary>
/// <param name="Role"><c>train</c> (one process), <c>seed</c> or <c>worker</c>.</param>
/// <param name="Run">Name of the run folder.</param>
/// <param name="Slot">A worker's slot; null for the others.</param>
internal sealed record NodeIdentity(string Role, string Run, int? Slot = null)
{
    private static readonly (string Key, string Variable)[] Scheduler =
    [
        ("slurm.job.id", "SLURM_JOB_ID"), ("slurm.array.task.id", "SLURM_ARRAY_TASK_ID"), ("slurm.restart.count", "SLURM_RESTART_COUNT"),
        ("slurm.partition", "SLURM_JOB_PARTITION"),
    ];

    /// <summary>The same across restarts, such as <c>run-0001/worker-3</c>.</summary>
    public string Instance => Slot is { } slot ? $"{Run}/{Role}-{slot}" : $"{Run}/{Role}";

    /// <summary>The resource attributes of every signal.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    public IEnumerable<KeyValuePair<string, object>> Attributes(Func<string, string?> variable)
    {
        yield return new("service.namespace", "looped");
        yield return new("service.name", $"looped-{Role}");
        yield return new("service.instance.id", Instance);
        yield return new("service.version", typeof(NodeIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
        yield return new("host.name", Environment.MachineName);
        yield return new("process.pid", Environment.ProcessId);
        yield return new("process.runtime.name", ".NET");
        yield return new("process.runtime.version", Environment.Version.ToString());
        yield return new("process.runtime.description", RuntimeInformation.FrameworkDescription);
        yield return new("looped.run.id", Run);
        yield return new("looped.role", Role);
        foreach ((string key, string name) in Scheduler)
            if (variable(name) is { Length: > 0 } value) yield return new(key, value);
    }
}
