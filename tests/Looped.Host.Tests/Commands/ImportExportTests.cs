using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Host.Tests.Commands;

/// <summary>A tiny Ouro is trained on the shipped conversations, exported, imported and exported again.</summary>
public class ImportExportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static async Task<LoopedResult> Looped(params string[] args)
    {
        using LoopedProcess process = LoopedProcess.Start(null, null, args);
        return await process.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_model_goes_out_and_comes_back_with_identical_tensors_and_can_be_trained_further()
    {
        using var folder = new TemporaryFolder();
        string[] Train(string run, params string[] more) => ["train", "ouro-problems", "--run", Path.Combine(folder.Root, run), "--set", "training.steps=1", "--set", "training.threads=1",
            "--set", "model.width=32", "--set", "model.hidden=48", "--set", "batch.global_sequences=8", "--set", "evaluation.batches=1", "--set", "evaluation.every=0", .. more];
        string At(string name) => Path.Combine(folder.Root, name);
        (await Looped(Train("run", "--set", "model.recompute=layer"))).Expect(ExitCode.Finished);
        (await Looped("export", At("run"), "--out", At("public"), "--type", "bfloat16")).Expect(ExitCode.Finished);
        (await Looped("import", At("public"), "--out", At("imported"), "--data", "problems")).Expect(ExitCode.Finished);
        (await Looped("export", At("imported"), "--out", At("again"))).Expect(ExitCode.Finished);
        foreach (string file in (string[])["model.safetensors", "config.json", "tokenizer.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(At("public"), file)), File.ReadAllBytes(Path.Combine(At("again"), file)));
        Assert.All(SafetensorsFile.ReadAll(Path.Combine(At("public"), "model.safetensors")), t => Assert.Equal(ElementType.BF16, t.Type));
        Assert.Equal(4, (int)JsonNode.Parse(File.ReadAllText(Path.Combine(At("public"), "config.json")))!["total_ut_steps"]!);
        (await Looped("generate", At("imported"), "--tokens", "3", "--loops", "2")).Expect(ExitCode.Finished);

        // At a rate of 0 one step leaves the weights as they were.
        (await Looped(Train("further", "--set", $"model.weights={At("public")}", "--set", "optimizer.learning_rate=0"))).Expect(ExitCode.Finished);
        (await Looped("export", At("further"), "--out", At("unmoved"), "--type", "bfloat16")).Expect(ExitCode.Finished);
        Assert.Equal(File.ReadAllBytes(Path.Combine(At("public"), "model.safetensors")), File.ReadAllBytes(Path.Combine(At("unmoved"), "model.safetensors")));

        Assert.Contains("is not empty", (await Looped("export", At("run"), "--out", At("public"))).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
        Assert.Contains("holds a run already", (await Looped("import", At("public"), "--out", At("run"), "--data", "problems")).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
        Assert.Contains("model.weights: nowhere", (await Looped(Train("lost", "--set", "model.weights=nowhere"))).Expect(ExitCode.Failed).Error, StringComparison.Ordinal);
    }
}
