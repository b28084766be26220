using System.CommandLine;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Families;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Host.Commands;

/// <summary><c>looped export</c>: a published model's folder from a checkpoint.</summary>
internal static class ExportCommand
{
    private static readonly Dictionary<string, ScalarType> Types = new() { ["float32"] = ScalarType.Float32, ["bfloat16"] = ScalarType.BFloat16, ["float16"] = ScalarType.Float16 };

    public static Command Create()
    {
        var checkpoint = new Argument<string>("CHECKPOINT") { Description = "A checkpoint folder, or a run folder (its newest checkpoint)." };
        var output = new Option<string>("--out") { Description = "The folder to make: config.json, model.safetensors, and tokenizer.json if the run has one.", HelpName = "FOLDER", Required = true };
        var type = new Option<string?>("--type") { Description = "float32, bfloat16 or float16; otherwise as in the checkpoint." };
        type.AcceptOnlyFromAmong([.. Types.Keys]);
        var command = new LoopedCommand("export", "Write a checkpoint in the format in which models of its family are published.")
        {
            Examples = ["looped export runs/ouro-tiny --out ouro-tiny", "looped export runs/ouro-numinamath --type bfloat16 --out Ouro-1.4B-STARS"],
        };
        command.Add(checkpoint);
        command.Add(output);
        command.Add(type);
        command.SetAction(parsed =>
        {
            string path = CheckpointStore.Resolve(parsed.GetRequiredValue(checkpoint));
            string folder = parsed.GetRequiredValue(output);
            string? without = Export(path, folder, parsed.GetValue(type) is { } name ? Types[name] : null);
            Terminal.Out.WriteLine($"{path} is written to {folder}");
            if (without is not null) Terminal.Out.WriteLine(without);
            return ExitCode.Finished;
        });
        return command;
    }

    /// <returns>What is missing in the folder; null if nothing is.</returns>
    private static string? Export(string path, string folder, ScalarType? type)
    {
        LoadedCheckpoint checkpoint = CheckpointReader.Load(path);
        RunRecipe recipe = RecipeFile.Parse<RunRecipe>(checkpoint.Info.Recipe, Path.Combine(path, "state.json"), []);
        if (FamilyRegistry.Find(recipe.Model.Family) is not IPublicFormat format)
            throw new UsageException($"Models of the family {recipe.Model.Family} have no published format of their own; {path}/model.safetensors has the names of the original's parameters already.");
        using Training.RunData data = Training.RunData.Open(recipe);
        NamedTensor[] weights = [.. checkpoint.Snapshot.Parameters.Select(t => type is { } wanted ? Convert(t, wanted) : t)];
        PublicFolder.Write(folder, format.ToPublic(recipe.Model, data.Vocabulary), weights);
        if (data.Dataset.Tokenizer is not HuggingFaceTokenizer tokenizer)
            return $"There is no tokenizer.json in it: the run's tokenizer is {data.Dataset.Tokenizer.Name}, which that format does not know. "
                + $"Import it with `looped import {folder} --out RUN --data {recipe.Data.Source} --tokenizer {data.Dataset.Tokenizer.Name}`.";
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), tokenizer.Definition.Span);
        return null;
    }

    private static NamedTensor Convert(NamedTensor tensor, ScalarType type)
    {
        using Tensor stored = tensor.ToTensor();
        using Tensor converted = stored.to(type);
        return converted.ToNamed(tensor.Name);
    }
}
