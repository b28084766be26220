using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Looped.Actors.Clustering;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Spectre.Console;

namespace Looped.Host.Inspection;

/// <summary><c>looped status --watch</c>: a live picture on a terminal; plain blocks, or a line of JSON, whenever something changed elsewhere.</summary>
internal sealed class StatusWatch(Terminal terminal, TimeSpan every, bool json)
{
    /// <summary>Enough of a log for the latest steps.</summary>
    private const long Tail = 256 * 1024;

    private string _last = "";

    /// <summary>Follows a run folder until the run is over.</summary>
    public Task Follow(RunFolder run) => Live(async (show, over) =>
    {
        CheckpointState? checkpoint = null;
        while (!over.IsCancellationRequested)
        {
            // Every byte of a checkpoint is read to verify it: once is enough.
            if (Looped.Models.Checkpoints.CheckpointStore.Steps(run.Checkpoints) is [.., long newest] && newest != checkpoint?.Step) checkpoint = CheckpointState.Newest(run.Checkpoints);
            RunRecords records = RunRecords.Read(run, Tail);
            RunState state = RunState.Of(records, checkpoint);
            RunView view = RunView.Of(state, records);
            show(view, () => InspectionJson.ToNode(state));
            if (view.Over) return;
            await Task.WhenAny(Task.Delay(every, over));
        }
    });

    /// <summary>Follows a cluster until its run is over.</summary>
    public Task Follow(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait) => Live((show, over) =>
    {
        var seen = new List<(double, double)>();
        ClusterPicture? last = null;
        return ClusterVisit.Watch(seeds, secretFile, wait, picture =>
        {
            if (picture is null)
            {
                if (last is not null) show(RunView.Of(last, seen) with { State = "no supervisor answers; an intact generation trains on" }, () => ClusterLines.Json(last));
                return true;
            }
            if (picture.Loss is { } loss && picture.Step != last?.Step) seen.Add((loss, picture.TokensPerSecond));
            if (seen.Count > RunView.CurveSteps) seen.RemoveAt(0);
            last = picture;
            show(RunView.Of(picture, Curve(picture) ?? seen), () => ClusterLines.Json(picture));
            return picture.Ended is null;
        }, every, over);
    });

    /// <summary>The latest steps from the run folder, if this machine sees it; else only those that went by while it watched are known.</summary>
    private static IReadOnlyList<(double, double)>? Curve(ClusterPicture picture) => File.Exists(new RunFolder(picture.RunFolder).Metrics)
        ? [.. RunRecords.Read(new RunFolder(picture.RunFolder), Tail).Steps.TakeLast(RunView.CurveSteps).Select(s => (s.Loss, s.TokensPerSecond))]
        : null;

    private async Task Live(Func<Action<RunView, Func<JsonNode>>, CancellationToken, Task> follow)
    {
        using var over = new CancellationTokenSource();
        // Ctrl-C ends the watching, with the terminal as it was.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            over.Cancel();
        });
        if (!terminal.IsInteractive || json)
        {
            await follow(Print, over.Token);
            return;
        }
        await terminal.Console.Live(new Text("")).AutoClear(false).StartAsync(context => follow((view, _) =>
        {
            context.UpdateTarget(StatusScreen.Draw(view, terminal.Console.Profile.Width, terminal.Console.Profile.Capabilities.Unicode));
            context.Refresh();
        }, over.Token));
    }

    private void Print(RunView view, Func<JsonNode> node)
    {
        string text = json ? node().ToJsonString() : string.Join('\n', StatusScreen.Lines(view).Append(""));
        if (text == _last) return;
        _last = text;
        terminal.WriteLine(text);
    }
}
