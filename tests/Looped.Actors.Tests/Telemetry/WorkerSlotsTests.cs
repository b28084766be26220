using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Telemetry;

public class WorkerSlotsTests
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1) + WorkerSlots.Patience;

    private readonly WorkerSlots _slots = new();
    private readonly HashSet<string> _there = [];

    private int Assign(string worker, int? own = null, TimeSpan now = default) => _slots.Assign(worker, own, now, _there.Contains);

    [Fact]
    public void A_newcomer_takes_the_lowest_number_that_nobody_has()
    {
        Assert.Equal([0, 1, 2], ((string[])["a", "b", "c"]).Select(w => Assign(w)));
        Assert.Equal(1, Assign("b"));
        _slots.Release("b");
        Assert.Equal(1, Assign("d"));
        Assert.Equal(3, Assign("e"));
    }

    [Fact]
    public void A_worker_that_only_asked_keeps_its_number_for_a_while_and_one_that_is_there_for_good()
    {
        Assign("asked");
        Assign("there");
        _there.Add("there");
        Assert.Equal(2, Assign("soon"));
        Assert.Equal(0, Assign("late", now: Later));
        Assert.Equal(1, _slots.Of("there"));
    }

    [Fact]
    public void A_worker_keeps_the_number_that_it_brings()
    {
        Assert.Equal(7, Assign("task", own: 7));
        Assert.Equal(0, Assign("other"));
        Assert.Equal(7, _slots.Of("task"));
    }
}
