using System.CommandLine;
using System.Text;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;
using Looped.Host.Reports;
using Looped.Models.Checkpoints;

namespace Looped.Host.Commands;

/// <summary>`looped report RUN…`: one page on one or several runs.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        Argument<string[]> runs = new("RUN") { Description = "Run folders; several are drawn over each other.", Arity = ArgumentArity.OneOrMore };
        Option<string?> output = new("--out", "-o") { Description = "The HTML file; default: report.html in the first run folder.", HelpName = "FILE" };
        var command = new LoopedCommand("report", "Write one page on a run: curves, speed, who came and went, goodput, checkpoints, recipe.")
        {
            Examples = ["looped report runs/quickstart", "looped report runs/base runs/cotformer -o compare.html"],
        };
        command.Add(runs);
        command.Add(output);
        command.SetAction(parsed =>
        {
            RunFolder[] folders = [.. parsed.GetRequiredValue(runs).Select(RunArgument.Find)];
            string path = parsed.GetValue(output) ?? folders[0].Report;
            byte[] page = Encoding.UTF8.GetBytes(ReportPage.Of(folders));
            try
            {
                DurableFiles.WriteAtomically(path, page);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw DurableFiles.Explain(e, $"{path} cannot be written");
            }
            Terminal.Out.WriteLine(path);
            return ExitCode.Finished;
        });
        return command;
    }
}
