using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Tests;

namespace Looped.Actors.Tests.Runs;

public sealed class RunEventLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private RunFolder Run => new(_folder.Root);

    public void Dispose() => _folder.Dispose();

    private static RunEvent Lost(long step) => new(RunEventKind.Lost, step)
    {
        Time = new DateTime(2026, 11, 26, 10, 0, 0, DateTimeKind.Utc),
        Term = 1,
        Generation = 2,
        Worker = "node-1",
        Reason = "its connection broke",
    };

    [Fact]
    public void A_line_has_the_documented_keys_and_leaves_out_what_is_not_known()
    {
        RunEventLog.Append(Run, Lost(812));
        Assert.Equal("""{"event":"lost","step":812,"time":"2026-11-26T10:00:00Z","term":1,"generation":2,"worker":"node-1","reason":"its connection broke"}""" + "\n",
            File.ReadAllText(Run.Events));
    }

    [Fact]
    public void Events_are_read_in_the_order_in_which_they_were_told_also_if_steps_go_back()
    {
        RunEvent[] told = [Lost(9), new(RunEventKind.Restored, 5) { LostSteps = 4 }, Lost(7)];
        foreach (RunEvent happened in told) RunEventLog.Append(Run, happened);
        Assert.Equal(told, RunEventLog.Read(Run, out int unreadable));
        Assert.Equal(0, unreadable);
    }

    [Fact]
    public void After_a_torn_line_the_next_event_has_a_line_of_its_own()
    {
        RunEventLog.Append(Run, Lost(1));
        File.AppendAllText(Run.Events, """{"event":"joi""");
        Assert.Single(RunEventLog.Read(Run, out int unreadable));
        Assert.Equal(0, unreadable); // it may still be being written
        RunEventLog.Append(Run, Lost(2));
        Assert.Equal([1L, 2L], RunEventLog.Read(Run, out unreadable).Select(e => e.Step));
        Assert.Equal(1, unreadable);
    }

    [Fact]
    public void Lines_of_another_version_are_passed_over_and_counted()
    {
        File.WriteAllText(Run.Events, """{"event":"teleported","step":3}""" + "\n" + """{"event":"lost","step":4,"mood":"sad"}""" + "\n");
        Assert.Equal(4, Assert.Single(RunEventLog.Read(Run, out int unreadable)).Step);
        Assert.Equal(1, unreadable);
    }

    [Fact]
    public void A_run_of_before_events_has_none() => Assert.Empty(RunEventLog.Read(Run, out _));

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_error_for_people() =>
        Assert.Contains("events.jsonl cannot be written", Assert.ThrowsAny<LoopedException>(() => RunEventLog.Append(new RunFolder(_folder["none"]), Lost(1))).Message, StringComparison.Ordinal);
}
