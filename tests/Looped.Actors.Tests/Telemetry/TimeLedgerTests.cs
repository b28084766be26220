using CsCheck;
using Looped.Actors.Telemetry;

namespace Looped.Actors.Tests.Telemetry;

public class TimeLedgerTests
{
    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Every_second_goes_to_the_kind_in_which_it_was_lived()
    {
        var ledger = new TimeLedger(At(10));
        ledger.Enter(TimeKind.Idle, At(12));
        ledger.Enter(TimeKind.Productive, At(15));
        ledger.Enter(TimeKind.DataWait, At(20));
        ledger.Enter(TimeKind.CheckpointStall, At(21));
        TimeTotals totals = ledger.Totals(At(23));
        Assert.Equal(new TimeTotals { Startup = 2, Idle = 3, Productive = 5, DataWait = 1, CheckpointStall = 2 }, totals);
        Assert.Equal(13, totals.Alive);
        Assert.Equal(5.0 / 13, totals.Goodput);
    }

    [Fact]
    public void Waiting_for_others_is_productive_if_the_step_goes_on_and_recovery_if_a_peer_was_lost()
    {
        var ledger = new TimeLedger(At(0));
        ledger.Exchange(At(0));
        Assert.Equal(0, ledger.Decided(At(2)).Alive);
        Assert.Equal(2, ledger.Totals(At(2)).Productive);
        ledger.Enter(TimeKind.Productive, At(3));
        Assert.Equal(3, ledger.Decided(At(3)).Productive);
        ledger.Exchange(At(4));
        ledger.Enter(TimeKind.Recovery, At(9));
        Assert.Equal(new TimeTotals { Productive = 4, Recovery = 6 }, ledger.Totals(At(10)));
    }

    [Fact]
    public void Time_after_the_end_is_on_no_account_unless_the_worker_begins_again()
    {
        var ledger = new TimeLedger(At(0));
        ledger.Enter(TimeKind.Productive, At(1));
        ledger.End(At(5));
        Assert.Equal(new TimeTotals { Startup = 1, Productive = 4 }, ledger.Totals(At(60)));
        ledger.Enter(TimeKind.Recovery, At(70));
        Assert.Equal(new TimeTotals { Startup = 1, Productive = 4, Recovery = 2 }, ledger.Totals(At(72)));
    }

    [Fact]
    public void Lost_work_takes_from_the_goodput_and_is_no_kind_of_its_own()
    {
        var ledger = new TimeLedger(At(0));
        ledger.Enter(TimeKind.Productive, At(0));
        ledger.Lose(4);
        TimeTotals totals = ledger.Totals(At(10));
        Assert.Equal((10, 4, 0.6), (totals.Alive, totals.LostWork, totals.Goodput));
    }

    [Fact]
    public void The_account_of_a_run_is_the_sum_of_its_workers()
    {
        var one = new TimeTotals { Productive = 1, Startup = 2, DataWait = 3, CheckpointStall = 4, Recovery = 5, Idle = 6, LostWork = 7 };
        Assert.Equal(new TimeTotals { Productive = 2, Startup = 4, DataWait = 6, CheckpointStall = 8, Recovery = 10, Idle = 12, LostWork = 14 }, one + one);
        Assert.Equal(one, one + TimeTotals.Zero);
    }

    [Fact]
    public void The_parts_add_up_to_the_time_lived_and_what_is_decided_never_shrinks_whatever_happens() =>
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 5000]).Array[0, 60].Sample(events =>
        {
            var ledger = new TimeLedger(At(3));
            double now = 3;
            TimeTotals before = TimeTotals.Zero;
            foreach ((int what, int milliseconds) in events)
            {
                now += milliseconds / 1000.0;
                if (what == 7) ledger.Lose(0.25);
                else if (what == 6) ledger.Exchange(At(now));
                else ledger.Enter((TimeKind)what, At(now));
                TimeTotals decided = ledger.Decided(At(now)), all = ledger.Totals(At(now));
                Assert.Equal(now - 3, all.Alive, 1e-6);
                double[] parts = Parts(decided), earlier = Parts(before);
                for (int i = 0; i < parts.Length; i++) Assert.True(parts[i] >= earlier[i] - 1e-9, $"kind {i} fell from {earlier[i]} to {parts[i]}");
                before = decided;
            }
        });

    private static double[] Parts(TimeTotals t) => [t.Productive, t.Startup, t.DataWait, t.CheckpointStall, t.Recovery, t.Idle, t.LostWork];
}
