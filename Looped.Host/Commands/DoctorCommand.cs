using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Looped.Actors.Clustering;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Models.Recipes;

namespace Looped.Host.Commands;

/// <summary><c>looped doctor</c>: what is wrong with this machine, and what to do about it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        Option<string> run = new("--run") { Description = "Where runs are to be kept.", HelpName = "DIR", DefaultValueFactory = _ => "runs" };
        Option<TimeSpan> timeout = new("--worker-timeout")
        {
            Description = "List the timings that follow from this cluster.worker_timeout.",
            HelpName = "DURATION",
            DefaultValueFactory = _ => new ClusterRecipe().WorkerTimeout,
            CustomParser = result => Timeout(result),
        };
        var command = new LoopedCommand("doctor", "Examine this machine; every finding comes with its remedy. Exit code 1 if training cannot work.")
        {
            Examples = ["looped doctor", "looped doctor --run /scratch/runs --json"],
            Options = { json, run, timeout },
        };
        command.SetAction(parsed =>
        {
            Examination examination = Examination.Here(parsed.GetRequiredValue(run));
            var timings = new ClusterTimings(parsed.GetRequiredValue(timeout));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(examination.ToJson(timings));
            else examination.Print(Terminal.Out, timings);
            return examination.CanTrain ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }

    private static TimeSpan Timeout(ArgumentResult result)
    {
        RangeAttribute range = typeof(ClusterRecipe).GetProperty(nameof(ClusterRecipe.WorkerTimeout))!.GetCustomAttribute<RangeAttribute>()!;
        string text = result.Tokens[0].Value;
        if (RecipeScalar.Duration(text) is { } timeout && range.IsValid(timeout)) return timeout;
        result.AddError($"--worker-timeout must be {RecipeScalar.Describe(typeof(TimeSpan))}, {RecipeScalar.Limits(range)}, not '{text}'");
        return default;
    }
}
