using System.CommandLine;
using Looped.Actors.Recipes;
using Looped.Host.Chaos;
using Looped.Host.CommandLine;
using Looped.Host.Progress;
using Looped.Host.Recipes;

namespace Looped.Host.Commands;

/// <summary><c>looped demo</c>: a minute that shows a kill and two equal hashes.</summary>
internal static class DemoCommand
{
    private const int Workers = 3;

    /// <summary>Between two lines where nothing can be drawn over.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(3);

    public static Command Create()
    {
        var run = new Option<string?>("--run") { Description = "Keep both runs in this folder; by default they are thrown away.", HelpName = "DIR" };
        var command = new LoopedCommand("demo", "One minute: a worker is killed while it trains, another joins, and the weights are the same to the bit.")
        {
            Examples = ["looped demo", "looped demo --run runs/demo"],
        };
        command.Add(run);
        command.SetAction(async (parsed, _) =>
        {
            RunRecipe recipe = RecipeSource.Load("demo", []);
            long kill = recipe.Training.Steps / 4;
            var schedule = new ChaosSchedule(Workers,
            [
                new(ChaosAction.Kill, 1, kill),
                new(ChaosAction.Join, Workers, kill + 2),
            ]);
            var experiment = new ChaosExperiment(recipe, parsed.GetValue(run), Heading,
                () => Terminal.Out.IsInteractive ? new LiveDisplay(Terminal.Out.Console, TimeProvider.System) : new PlainDisplay(Terminal.Out.WriteLine, TimeProvider.System, Between));
            ChaosReport? report = await experiment.Run("One worker trains a small model, and nobody disturbs it.",
                $"Three worker processes train it again. At step {kill} one of them is killed; another joins later.", schedule, null);
            if (report is null) return ExitCode.Interrupted;
            report.Write(Terminal.Out);
            return report.Good ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }

    private static void Heading(string text)
    {
        Terminal.Out.WriteLine();
        Terminal.Out.WriteLabelled(text, "bold", "");
    }
}
