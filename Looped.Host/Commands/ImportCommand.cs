using System.CommandLine;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Data.Chat;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Host.Commands;

/// <summary><c>looped import</c>: a run folder from a published model.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("FOLDER") { Description = "A published model: a folder with config.json and model.safetensors (or its parts and their index)." };
        var output = new Option<string>("--out") { Description = "The run folder to make.", HelpName = "RUN", Required = true };
        var source = new Option<string>("--data") { Description = "What it is evaluated on: as data.source in a recipe.", HelpName = "SOURCE", DefaultValueFactory = _ => "classics" };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "Its tokenizer; otherwise the tokenizer.json in the folder.", HelpName = "T" };
        var command = new LoopedCommand("import", "Make a run folder from a published model, for generate, eval and export; to train it, name the folder in model.weights.")
        {
            Examples = ["looped import Ouro-1.4B --out runs/ouro", "looped import Ouro-1.4B --out runs/ouro --data data/numinamath"],
        };
        command.Add(folder);
        foreach (Option option in (Option[])[output, source, tokenizer]) command.Add(option);
        command.SetAction(parsed =>
        {
            CheckpointWritten written = Import(PublicFolder.Open(parsed.GetRequiredValue(folder)), new RunFolder(parsed.GetRequiredValue(output)),
                parsed.GetRequiredValue(source), parsed.GetValue(tokenizer));
            Terminal.Out.WriteLine($"{written.Path}: weights {written.Manifest.WeightsSha256[..12]}…");
            return ExitCode.Finished;
        });
        return command;
    }

    private static CheckpointWritten Import(PublicFolder from, RunFolder run, string source, string? tokenizer)
    {
        if (run.Exists) throw new UsageException($"{run.Root} holds a run already; choose another folder with --out.");
        (_, IPublicFormat format) = from.Family();
        ModelConfig config = ConfigOf(from, format);
        // What was prepared has its tokenizer.
        tokenizer ??= IsPrepared(source) ? "" : from.Tokenizer ?? throw new UsageException($"{Path.GetDirectoryName(from.ConfigPath)} has no tokenizer.json; name one with --tokenizer.");
        var recipe = new RunRecipe
        {
            Name = run.Name,
            Model = config,
            Data = new DataRecipe { Source = source, Tokenizer = File.Exists(tokenizer) ? Path.GetFullPath(tokenizer) : tokenizer },
            Batch = new BatchRecipe { GlobalSequences = 1, MicroSequences = 1 },
        };
        using RunData data = RunData.Open(recipe with { Model = config with { Vocabulary = 0 } });
        if (data.Vocabulary > config.Vocabulary)
            throw new UsageException($"The tokenizer has {data.Vocabulary:N0} tokens, the model {config.Vocabulary:N0}; "
                + (tokenizer.Length > 0 ? "name the model's own with --tokenizer." : $"prepare {source} again with the model's own, or name other text with --data."));
        using LanguageModel model = RunData.CreateModel(recipe, config.Vocabulary);
        IReadOnlyList<NamedTensor> weights = from.Read(format.ParameterName);
        model.LoadWeights(weights);     // says what does not fit
        run.Create();
        File.WriteAllText(run.Recipe, RecipeWriter.ToYaml(recipe));
        var state = new JsonObject { ["tokens"] = 0L, ["skipped_steps"] = 0L };
        return CheckpointWriter.Write(run.Checkpoints, new TrainingSnapshot(0, weights, [], state), RunIdentity.Describe(recipe, data.Dataset.ContentHash), "import");
    }

    /// <summary>What the file says is what was given to this command, so a mistake in it is bad usage.</summary>
    private static ModelConfig ConfigOf(PublicFolder from, IPublicFormat format)
    {
        try
        {
            return format.FromPublic(from.Config, from.ConfigPath);
        }
        catch (LoopedException e)
        {
            throw new UsageException(e.Message, e);
        }
    }

    private static bool IsPrepared(string source) => new[] { source, Path.Combine(UserFolders.ShippedData, source) }
        .Any(folder => File.Exists(Path.Combine(folder, DatasetMeta.FileName)) || File.Exists(Path.Combine(folder, ChatMeta.FileName)));
}
