using System.Security.Cryptography;
using Looped.Actors.Runs;

namespace Looped.Host.Tests.Clustering;

/// <summary>Tests that start clusters of processes: one after the other, and all compared with one undisturbed run.</summary>
[CollectionDefinition(nameof(ClusterProcesses), DisableParallelization = true)]
public sealed class ClusterProcesses : ICollectionFixture<UndisturbedRun>;

/// <summary>The same with a longer run, for tests that are run on request.</summary>
[CollectionDefinition(nameof(LongClusterProcesses), DisableParallelization = true)]
public sealed class LongClusterProcesses : ICollectionFixture<LongUndisturbedRun>;

/// <summary>Tests of clusters that train a loop of random length under a penalty, on sums of different lengths.</summary>
[CollectionDefinition(nameof(RandomLoopProcesses), DisableParallelization = true)]
public sealed class RandomLoopProcesses : ICollectionFixture<UndisturbedRandomLoops>;

/// <summary>A run of seconds.</summary>
public sealed class UndisturbedRun() : ElasticRecipe(36);

/// <summary>A run that lasts long enough for much to happen.</summary>
public sealed class LongUndisturbedRun() : ElasticRecipe(240);

/// <summary>A run of seconds in which the number of loops, dropout and the probe of the penalty are drawn, and the penalty begins on the way.</summary>
public sealed class UndisturbedRandomLoops() : ElasticRecipe(36)
{
    /// <inheritdoc/>
    protected override string Recipe => """
        name: elastic
        seed: 11
        model: { family: stars, width: 48, heads: 2, hidden: 64, sequence_length: 14, coda: true, dropout: 0.2,
                 loop_distribution: log_norm, loop_mu: 1.5, loop_sigma: 0.7, max_loops: 16, reg_weight: 0.1, spectral_iters: 2, reg_warmup_steps: 4 }
        data: { source: addition, digits: 3, train_rows: 500, test_rows: 50 }
        batch: { global_sequences: 96, micro_sequences: 8 }
        training: { steps: 36, threads: 1 }
        checkpoint: { every: 6, keep_last: 3 }
        evaluation: { every: 12, batches: 2 }
        cluster: { worker_timeout: 2s }
        """;
}

/// <summary>The recipe of the cluster tests, trained once by one worker that nobody disturbs; dropout included.</summary>
public abstract class ElasticRecipe(int steps) : IDisposable
{
    public const int MicroBatches = 12;

    /// <summary>Steps of the run.</summary>
    public int Steps => steps;

    /// <summary>The recipe, with 36 steps, its name and `worker_timeout` as the tests expect them.</summary>
    protected virtual string Recipe => """
        name: elastic
        seed: 11
        model: { family: cotformer, variant: ln_cotformer, layers: 3, width: 48, heads: 2, sequence_length: 48, repeats: 2,
                 layers_begin: 1, layers_end: 1, depth_embedding: linear_learned, dropout: 0.2 }
        data: { source: text.txt, tokenizer: characters }
        batch: { global_sequences: 24, micro_sequences: 2 }
        training: { steps: 36, threads: 1 }
        checkpoint: { every: 6, keep_last: 3 }
        evaluation: { every: 12, batches: 2 }
        cluster: { worker_timeout: 2s }
        """;

    private Task<string>? _hashes;

    /// <summary>Where the recipe and its text are, and where the processes of the tests run.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("looped-elastic-").FullName;

    /// <summary>The environment of every process: caches and the secret below <see cref="Folder"/>.</summary>
    public Dictionary<string, string?> Environment => new()
    {
        ["XDG_CACHE_HOME"] = Path.Combine(Folder, "cache"),
        ["XDG_CONFIG_HOME"] = Path.Combine(Folder, "config"),
        ["LOOPED_SECRET"] = null,
        ["LOOPED_DEBUG"] = null,
    };

    /// <summary>Fails unless a run has ended in the same bits.</summary>
    public async Task MustEqual(RunFolder run) => Assert.Equal(await (_hashes ??= Train()), Hashes(run));

    private async Task<string> Train()
    {
        var run = new RunFolder(Path.Combine(Folder, "runs", "undisturbed"));
        using LoopedProcess process = LoopedProcess.Start(Prepared(), Environment, "train", "elastic.yaml", "--run", run.Root);
        (await process.WaitAsync(TimeSpan.FromMinutes(5))).Expect(0);
        return Hashes(run);
    }

    /// <summary><see cref="Folder"/>, with the recipe and its text in it.</summary>
    public string Prepared()
    {
        string recipe = Path.Combine(Folder, "elastic.yaml");
        if (File.Exists(recipe)) return Folder;
        File.WriteAllText(Path.Combine(Folder, "text.txt"), File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "classics", "opticks.txt"))[..60_000]);
        File.WriteAllText(recipe, Recipe.Replace("steps: 36", $"steps: {steps}", StringComparison.Ordinal));
        return Folder;
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>SHA-256 of the last checkpoint's two tensor files.</summary>
    private string Hashes(RunFolder run) => string.Join(' ', new[] { "model.safetensors", "optimizer.safetensors" }
        .Select(f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(run.Checkpoints, $"step-{steps:D6}", f))))));
}
