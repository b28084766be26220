using System.CommandLine;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Export;
using Looped.Host.Inspection;
using Looped.Models.Checkpoints;

namespace Looped.Host.Commands;

/// <summary>`looped export-metrics RUN`: a run's numbers for other programs.</summary>
internal static class ExportMetricsCommand
{
    private enum Format
    {
        Csv,
        Tensorboard,
    }

    public static Command Create()
    {
        Argument<string> run = RunArgument.One();
        Option<Format> format = new("--format") { Description = "What to write.", HelpName = "csv|tensorboard", Required = true };
        Option<string?> output = new("--out", "-o")
        {
            Description = "The CSV file, or the folder for TensorBoard; default: metrics.csv or tensorboard/ in the run folder.",
            HelpName = "PATH",
        };
        var command = new LoopedCommand("export-metrics", "Write a run's numbers as CSV or for TensorBoard; the run may be going on.")
        {
            Examples = ["looped export-metrics runs/quickstart --format csv", "looped export-metrics runs/quickstart --format tensorboard -o boards/quickstart"],
        };
        command.Add(run);
        command.Add(format);
        command.Add(output);
        command.SetAction(parsed =>
        {
            RunFolder folder = RunArgument.Find(parsed.GetRequiredValue(run));
            Terminal.Out.WriteLine(Export(folder, parsed.GetRequiredValue(format), parsed.GetValue(output)));
            return ExitCode.Finished;
        });
        return command;
    }

    private static string Export(RunFolder run, Format format, string? output)
    {
        MetricTable table = MetricTable.Read(run);
        string path = format == Format.Csv
            ? output ?? Path.Combine(run.Root, "metrics.csv")
            : Path.Combine(output ?? Path.Combine(run.Root, "tensorboard"), TensorBoardMetrics.FileName);
        byte[] bytes = format == Format.Csv ? CsvMetrics.Write(table) : TensorBoardMetrics.Write(table, File.GetLastWriteTimeUtc(File.Exists(run.Metrics) ? run.Metrics : run.Evaluations));
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } parent) Directory.CreateDirectory(parent);
            DurableFiles.WriteAtomically(path, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"{path} cannot be written");
        }
        return path;
    }
}
