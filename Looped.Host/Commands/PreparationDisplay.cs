using Looped.Host.CommandLine;
using Looped.Models.Data.Preparation;
using Spectre.Console;

namespace Looped.Host.Commands;

/// <summary>Shows how far preparing has come: a bar on a terminal, a line at every tenth elsewhere; on standard error, so that results stay apart.</summary>
internal static class PreparationDisplay
{
    /// <summary>Inputs below this are done before a line about them could be read.</summary>
    private const long WorthALine = 50_000_000;

    /// <summary>Runs the work with a display of its progress.</summary>
    public static T Run<T>(Func<IProgress<PreparationProgress>, T> work) =>
        Terminal.Error.IsInteractive ? WithBar(work) : work(new Lines(Terminal.Error));

    private static T WithBar<T>(Func<IProgress<PreparationProgress>, T> work) => Terminal.Error.Console.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
        .Start(context => work(new Bar(context.AddTask("tokenizing"))));

    private sealed class Bar(ProgressTask task) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value)
        {
            task.MaxValue = value.BytesTotal;
            task.Value = value.BytesDone;
        }
    }

    private sealed class Lines(Terminal terminal) : IProgress<PreparationProgress>
    {
        private long _tenths;

        public void Report(PreparationProgress value)
        {
            if (value.BytesTotal < WorthALine || value.BytesDone * 10 / value.BytesTotal is var tenths && tenths == _tenths) return;
            _tenths = tenths;
            terminal.WriteLine($"tokenizing: {tenths * 10} % of {value.BytesTotal / 1e6:N0} MB");
        }
    }
}
