using Akka.Hosting;
using Looped.Actors;
using Looped.Actors.Recipes;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Host.Training;
using Looped.Models.Checkpoints;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Benchmarks;

/// <summary>A run through the actors in this process, logs and checkpoints included, evaluations not: they have their own cost.</summary>
internal static class TimedRun
{
    /// <summary>Trains to the end.</summary>
    /// <param name="recipe">What to train; its last step ends the run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="committed">Told of each step on the training thread, when it is logged.</param>
    /// <param name="instruments">What is measured.</param>
    public static async Task Run(RunRecipe recipe, RunData data, Action<StepReport> committed, Instruments? instruments = null)
    {
        string folder = Directory.CreateTempSubdirectory("looped-bench-").FullName;
        try
        {
            using var metrics = Looped.Actors.Runs.StepLog.Open<StepReport>(Path.Combine(folder, "metrics.jsonl"), 0);
            RunEnvironment environment = Environment(recipe with { Evaluation = recipe.Evaluation with { Every = 0 } }, data, folder, step =>
            {
                metrics.Append(step);
                committed(step);
            });
            if (instruments is not null) environment = environment with { Instruments = instruments };
            var observer = new RunObserver { OnEvent = _ => { } };
            var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
            builder.Services.AddAkka("looped", akka => akka.AddHocon("akka.loglevel = WARNING", HoconAddMode.Prepend).WithLoopedRun(environment, observer));
            using IHost host = builder.Build();
            await host.StartAsync();
            RunEnded ended = await observer.Ended;
            await host.StopAsync();
            if (ended.Outcome != RunOutcome.Finished) throw new Models.LoopedException(ended.Reason ?? "The benchmark's run did not finish.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static RunEnvironment Environment(RunRecipe recipe, RunData data, string folder, Action<StepReport> record) => new()
    {
        Worker = "worker-0",
        Recipe = recipe,
        RecipeIdentity = "bench",
        DataHash = data.Dataset.ContentHash,
        Training = data.Training,
        Validation = data.Validation,
        CreateModel = data.CreateModel,
        BeginRecording = (_, _) => new RecordedSoFar(-1, new HashSet<long> { 0, recipe.Training.Steps }),
        RecordStep = (step, _) => record(step),
        RecordEvaluation = _ => { },
        SaveCheckpoint = (snapshot, _, _) =>
        {
            Models.Checkpoints.CheckpointWritten written = CheckpointWriter.Write(folder, snapshot,
                new CheckpointInfo("bench", "", "", new Dictionary<string, string>(), new Dictionary<string, long>(), [], ""), "bench");
            return (written.Path, written.Bytes, written.MovedAside);
        },
    };
}
