using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Training;

/// <summary>A run of a minute model with dropout, trained by the real program in a folder of its own.</summary>
internal sealed class TinyRun : IDisposable
{
    public const int Steps = 40;

    private const string Recipe = """
        name: tiny
        seed: 7
        model: { family: cotformer, variant: ln_cotformer, layers: 3, width: 32, heads: 2, sequence_length: 32, repeats: 2,
                 layers_begin: 1, layers_end: 1, depth_embedding: linear_learned, dropout: 0.2 }
        data: { source: text.txt, tokenizer: characters }
        batch: { global_sequences: 8, micro_sequences: 2 }
        training: { steps: 40, threads: 1 }
        checkpoint: { every: 8, keep_last: 3 }
        evaluation: { every: 20, batches: 2 }
        """;

    public TinyRun()
    {
        Folder = Directory.CreateTempSubdirectory("looped-tiny-").FullName;
        File.WriteAllText(Path.Combine(Folder, "tiny.yaml"), Recipe);
        // 120 kB of the shipped corpus.
        string corpus = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "classics", "opticks.txt"));
        File.WriteAllText(Path.Combine(Folder, "text.txt"), corpus[..120_000]);
    }

    public string Folder { get; }

    public RunFolder Run => new(Path.Combine(Folder, "runs", "tiny"));

    private Dictionary<string, string?> Environment => new() { ["XDG_CACHE_HOME"] = Path.Combine(Folder, "cache") };

    public LoopedProcess Start(params string[] args) => LoopedProcess.Start(Folder, Environment, args is ["train" or "eval" or "audit", ..] ? args : ["train", "tiny.yaml", .. args]);

    public async Task<LoopedResult> Train(params string[] args)
    {
        using LoopedProcess process = Start(args);
        return await process.WaitAsync();
    }

    /// <summary>Trains to the end and gives the hashes of the final weights and optimizer.</summary>
    public async Task<string> TrainToEnd(params string[] args)
    {
        LoopedResult result = await Train(args);
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        return Hashes();
    }

    /// <summary>SHA-256 of the last checkpoint's two tensor files.</summary>
    public string Hashes() => string.Join(' ', new[] { "model.safetensors", "optimizer.safetensors" }
        .Select(f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(Checkpoint(Steps), f))))));

    /// <summary>The folder of a checkpoint.</summary>
    public string Checkpoint(long step) => CheckpointStore.PathOf(Run.Checkpoints, step);

    /// <summary>Waits until the run has committed a step.</summary>
    public async Task WaitForStep(LoopedProcess process, long step)
    {
        var waited = Stopwatch.StartNew();
        while (!StepLog.Read<StepReport>(Run.Metrics).Any(s => s.Step >= step))
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(60)) throw new TimeoutException($"Step {step} did not come.\n{process.Output}\n{process.Error}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Sends a signal.</summary>
    public static void Kill(LoopedProcess process, int signal) => Assert.Equal(0, kill(process.Id, signal));

    /// <summary>Sends a signal to a process and all that it has started, as a terminal does; it leads a group of its own.</summary>
    public static void KillGroup(LoopedProcess leader, int signal) => Assert.Equal(0, kill(-leader.Id, signal));

    public const int SigInt = 2, SigKill = 9, SigUsr1 = 10, SigTerm = 15;

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
