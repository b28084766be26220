using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Tests.Training;
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

    [Fact]
    public async Task A_model_of_characters_goes_out_without_a_tokenizer_and_comes_back_with_the_one_that_is_named()
    {
        using var run = new TinyRun();
        async Task<LoopedResult> In(params string[] args)
        {
            using LoopedProcess process = LoopedProcess.Start(run.Folder, null, args);
            return await process.WaitAsync(Patience);
        }
        string[] small = ["--set", "model.width=32", "--set", "model.hidden=48", "--set", "training.steps=1", "--set", "training.threads=1", "--set", "evaluation.batches=1", "--set", "data.source=text.txt"];
        (await In(["train", "ouro", "--run", "runs/tiny", .. small])).Expect(ExitCode.Finished);
        const string Remedy = "looped import public --out RUN --data text.txt --tokenizer characters";
        Assert.Contains($"There is no tokenizer.json in it: the run's tokenizer is characters, which that format does not know. Import it with `{Remedy}`",
            (await In("export", "runs/tiny", "--out", "public")).Expect(ExitCode.Finished).Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(run.Folder, "public", "tokenizer.json")));

        string[] import = ["import", "public", "--data", "text.txt", "--out"];
        Assert.Contains("has no tokenizer.json; name one with --tokenizer", (await In([.. import, "m"])).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
        Assert.Matches(@"^error: The tokenizer has 256 tokens, the model \d+; name the model's own with --tokenizer\.\n$", (await In([.. import, "m", "--tokenizer", "bytes"])).Expect(ExitCode.BadUsage).Error);
        Assert.False(Directory.Exists(Path.Combine(run.Folder, "m")));
        (await In([.. import, "m", "--tokenizer", "characters"])).Expect(ExitCode.Finished);

        string status = (await In("status", "m")).Expect(ExitCode.Finished).Output;
        Assert.StartsWith("m: imported weights, no training run; use them with `looped generate m` or `looped eval m`, or train from them with --set model.weights=m\n  checkpoint  step 0, verified", status, StringComparison.Ordinal);
        Assert.DoesNotContain("missing", status, StringComparison.Ordinal);
        Assert.Equal("error: m holds imported weights, which training leaves as they are; train from them in another folder: --run DIR --set model.weights=m.\n",
            (await In(["train", "ouro", "--run", "m", .. small])).Expect(ExitCode.BadUsage).Error);
        (await In(["train", "ouro", "--run", "runs/further", .. small, "--set", "model.weights=m"])).Expect(ExitCode.Finished);
    }

    [Theory]
    [InlineData(ExitCode.BadUsage, "so it is no published model", null)]
    [InlineData(ExitCode.BadUsage, "config.json cannot be read", "no JSON")]
    [InlineData(ExitCode.BadUsage, "config.json holds no JSON object", "[]")]
    [InlineData(ExitCode.BadUsage, "the model_type 'llama' is not known", """{"model_type":"llama"}""")]
    [InlineData(ExitCode.BadUsage, "num_attention_heads", """{"model_type":"ouro"}""")]
    [InlineData(ExitCode.Failed, "is not a usable safetensors file", """
        {"model_type":"ouro","vocab_size":256,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":1,"num_attention_heads":2,"max_position_embeddings":64,"rope_theta":10000,"rms_norm_eps":1e-6,"total_ut_steps":2}
        """)]
    public async Task What_is_no_published_model_is_bad_usage_and_damaged_weights_are_a_failure(int code, string sentence, string? config)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["text.txt"], string.Concat(Enumerable.Repeat("A line of text.\n", 100)));
        if (config is not null) File.WriteAllText(folder["config.json"], config);
        File.WriteAllText(folder["model.safetensors"], "garbage");
        LoopedResult result = (await Looped("import", folder.Root, "--out", folder["run"], "--data", folder["text.txt"], "--tokenizer", "bytes")).Expect(code);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }
}
