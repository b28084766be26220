using Looped.Actors.Telemetry;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>What a supervisor knows of the run it plans for. Composed by the host; never sent anywhere.</summary>
public sealed record SupervisedRun
{
    /// <summary>The run's name.</summary>
    public required string Name { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required long Steps { get; init; }

    /// <summary>The resolved recipe as YAML text, for workers.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>Hash of everything in the recipe that can change the weights.</summary>
    public required string RecipeIdentity { get; init; }

    /// <summary>Content hash of the data set.</summary>
    public required string DataHash { get; init; }

    /// <summary>The run folder, as this process sees it.</summary>
    public string RunFolder { get; init; } = "";

    /// <summary>What decisions are made by.</summary>
    public required SupervisorSettings Settings { get; init; }

    /// <summary>Terms and plans.</summary>
    public ISupervisorMemory Memory { get; init; } = new NoSupervisorMemory();

    /// <summary>Keeps an event of the run for later; called at once when it happens.</summary>
    public Action<RunEvent> Record { get; init; } = _ => { };

    /// <summary>Told why a supervisor cannot begin its work, such as that a file of the run folder is damaged; it is gone then.</summary>
    public Action<string> CannotBegin { get; init; } = _ => { };

    /// <summary>Whether workers whose bits may differ are taken.</summary>
    public bool AllowMixed { get; init; }

    /// <summary>Whether the run fails with the first worker that does: there is only one.</summary>
    public bool FailsWithWorker { get; init; }

    /// <summary>What is measured, and seen by whoever listens.</summary>
    public Instruments Instruments { get; init; } = new();

    /// <summary>Version of the program; workers must run the same.</summary>
    public string Version { get; init; } = typeof(SupervisedRun).Assembly.GetName().Version!.ToString(3);

    /// <summary>A run with one worker in the same process.</summary>
    /// <param name="environment">The node's run.</param>
    /// <param name="record">Keeps its events.</param>
    public static SupervisedRun Alone(RunEnvironment environment, Action<RunEvent> record)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return new SupervisedRun
        {
            Name = environment.Recipe.Name,
            Steps = environment.Recipe.Training.Steps,
            RecipeIdentity = environment.RecipeIdentity,
            DataHash = environment.DataHash,
            Settings = new SupervisorSettings { MicroBatches = environment.Recipe.Batch.MicroBatches() },
            FailsWithWorker = true,
            Record = record,
            Instruments = environment.Instruments,
        };
    }

    /// <summary>Why a worker cannot take part; null if it can.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="fingerprint">What the bits of the run's workers depend on; null if there are none yet.</param>
    public string? Refusal(RegisterWorker worker, NumericsFingerprint? fingerprint)
    {
        ArgumentNullException.ThrowIfNull(worker);
        if (worker.Version != Version)
            return $"{worker.Worker} runs version {worker.Version} of looped, the seed {Version}; start every node from the same build.";
        if (worker.RecipeIdentity != RecipeIdentity)
            return $"{worker.Worker} has another recipe; start it with the run's own (recipe.yaml in the run folder).";
        if (worker.DataHash != DataHash)
            return $"{worker.Worker} has another data set (hash {Short(worker.DataHash)} instead of {Short(DataHash)}); give it the same files.";
        if (fingerprint?.Differences(worker.Fingerprint) is { Count: > 0 } differences && !AllowMixed)
            return $"{worker.Worker} computes with other numerics than the run ({string.Join(", ", differences)}), so its bits would differ; "
                + "use equal machines and settings, or, if equal bits do not matter, start the seed again with --set cluster.allow_mixed=true.";
        return null;
    }

    /// <summary>The first digits of a hash, for people.</summary>
    internal static string Short(string hash) => hash.Length > 12 ? $"{hash[..12]}…" : hash;
}
