using System.Reflection;
using Looped.Actors.Logging;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Microsoft.Extensions.Logging;

namespace Looped.Actors.Tests.Logging;

public class RunLogTests
{
    private readonly LogLines _lines = new();

    [Theory]
    [InlineData(RunEventKind.Lost, 3, "worker node-3 lost (its connection broke) at step 812; training continues with world size 3; 0 steps lost", LogLevel.Warning, 1005)]
    [InlineData(RunEventKind.Lost, 0, "worker node-3 lost (its connection broke) at step 812; nobody is left, a worker that joins restores the newest checkpoint", LogLevel.Warning, 1006)]
    [InlineData(RunEventKind.Left, 3, "worker node-3 left (its connection broke) at step 812; training continues with world size 3; 0 steps lost", LogLevel.Information, 1003)]
    [InlineData(RunEventKind.Joined, 3, "worker node-3 joined at step 812; generation 5 has world size 3", LogLevel.Information, 1002)]
    [InlineData(RunEventKind.Generation, 3, "generation 5 runs with world size 3 from step 812 on (its connection broke)", LogLevel.Information, 1007)]
    [InlineData(RunEventKind.Recovered, 3, "recovered from the loss of node-3 in 0.227 s; step 812 is committed, world size 3", LogLevel.Information, 1008)]
    [InlineData(RunEventKind.Restored, 3, "training goes on from the checkpoint of step 812; 7 steps lost", LogLevel.Warning, 1009)]
    public void A_change_of_members_is_one_line(RunEventKind kind, int worldSize, string text, LogLevel level, int id)
    {
        RunLog.Happened(_lines, new RunEvent(kind, 812) { Worker = "node-3", Reason = "its connection broke", Generation = 5, WorldSize = worldSize, Seconds = 0.2268, LostSteps = 7 });
        Assert.Equal((level, id, text), (_lines.Lines.Single().Level, _lines.Lines.Single().Id.Id, _lines.Lines.Single().Text));
    }

    [Fact]
    public void Every_event_has_a_line_of_its_own() =>
        Assert.Equal(Enum.GetValues<RunEventKind>().Length, Enum.GetValues<RunEventKind>().Select(kind =>
        {
            RunLog.Happened(_lines, new RunEvent(kind, 1) { WorldSize = 1 });
            return _lines.Lines[^1].Id.Id;
        }).Distinct().Count());

    [Fact]
    public void Event_ids_are_stable_and_each_is_used_once()
    {
        int[] ids = [.. typeof(RunLog).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Select(m => m.GetCustomAttribute<LoggerMessageAttribute>()?.EventId).OfType<int>().Order()];
        Assert.Equal([.. Enumerable.Range(1001, 16), 1020, 1021, .. Enumerable.Range(2001, 6), 3001, 3002, 3003], ids);
    }

    [Fact]
    public void Every_line_carries_the_scope_of_its_moment()
    {
        var logger = new RunLogger(_lines, new RunScope("quick", "worker"));
        RunLog.Note(logger, "hello");
        logger.Scope = logger.Scope with { Rank = 2, Generation = 5, Step = 812 };
        RunLog.Step(logger, new StepReport(812, 900, 2.5, 1e-3, 0.5, 1, 1000, 1, 5, 3, false), LogLevel.Debug);
        Assert.Equal("looped.run.id=quick looped.role=worker", _lines.Lines[0].Scope);
        Assert.Equal("looped.run.id=quick looped.role=worker looped.rank=2 looped.generation=5 looped.step=812", _lines.Lines[1].Scope);
        Assert.Equal("step 812 of 900: loss 2.5000, norm 0.500, rate 1e-3, 1000 tokens/s", _lines.Lines[1].Text);
    }
}
