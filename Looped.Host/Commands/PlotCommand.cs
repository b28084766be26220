using System.CommandLine;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;
using Looped.Host.Plots;

namespace Looped.Host.Commands;

/// <summary>`looped plot RUN…`: the loss curve of one or several runs.</summary>
internal static class PlotCommand
{
    public static Command Create()
    {
        Argument<string[]> runs = new("RUN") { Description = "Run folders; several are drawn over each other.", Arity = ArgumentArity.OneOrMore };
        Option<string> output = new("--out", "-o") { Description = "The PNG file; default: loss.png in the run folder, or here for several runs.", HelpName = "FILE" };
        var command = new LoopedCommand("plot", "Draw the loss curve of one or several runs.")
        {
            Examples = ["looped plot runs/quickstart", "looped plot runs/base runs/cotformer --out compare.png"],
        };
        command.Add(runs);
        command.Add(output);
        command.SetAction(parsed =>
        {
            RunFolder[] folders = [.. parsed.GetRequiredValue(runs).Select(RunArgument.Find)];
            string path = parsed.GetValue(output) ?? (folders is [RunFolder only] ? only.LossPlot : "loss.png");
            LossPlot.Save([.. folders.Select(RunCurve.Read)], path);
            Terminal.Out.WriteLine(path);
            return ExitCode.Finished;
        });
        return command;
    }
}
