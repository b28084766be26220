using CsCheck;
using Looped.Host.Chaos;
using Looped.Models;

namespace Looped.Host.Tests.Chaos;

public class PreemptionTraceTests
{
    [Theory]
    [InlineData("0,add,a|10,drop,a", "line 2: 'drop' is neither add nor remove")]
    [InlineData("0,add,a||x,add,b", "line 3: 'x' is no number of milliseconds")]
    [InlineData("0,add,a|-5,add,b", "line 2: '-5' is no number of milliseconds")]
    [InlineData("0,add,a|7", "line 2: '7' is no row of a trace")]
    [InlineData("0,add,a|7,add,", "line 2: '7,add,' is no row of a trace")]
    [InlineData("9,add,a|7,add,b", "line 2: 7 comes after 9")]
    [InlineData("0,add,a|7,add,a", "line 2: a is there already")]
    [InlineData("0,add,a|7,remove,b", "line 2: b is not there")]
    [InlineData("", "its first row must be an add")]
    public void A_mistake_is_named_with_its_line(string lines, string sentence)
    {
        var mistake = Assert.Throws<UsageException>(() => PreemptionTrace.Parse(lines.Split('|'), "trace.csv"));
        Assert.StartsWith("trace.csv", mistake.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_is_a_worker_and_time_begins_with_the_first_row()
    {
        ChaosSchedule schedule = Schedule("1000,add,a|1000,add,b|3000,add,c|5000,remove,a", timeScale: 2, most: 9);
        Assert.Equal(2, schedule.Workers);
        Assert.Equal([new(ChaosAction.Join, 2, Time: TimeSpan.FromSeconds(1)), new(ChaosAction.Kill, 0, Time: TimeSpan.FromSeconds(2))], schedule.Events);
    }

    [Fact]
    public void Nodes_above_the_limit_wait_until_another_goes()
    {
        ChaosSchedule schedule = Schedule("0,add,a|0,add,b|0,add,c|10,add,d|20,remove,c|30,remove,a", timeScale: 1, most: 2);
        TimeSpan at = TimeSpan.FromMilliseconds(30);
        Assert.Equal(2, schedule.Workers);
        Assert.Equal([new(ChaosAction.Kill, 0, Time: at), new(ChaosAction.Join, 2, Time: at)], schedule.Events);
    }

    [Fact]
    public void A_trace_that_ends_with_nobody_is_followed_by_one_worker_so_that_the_run_can_end()
    {
        ChaosSchedule schedule = Schedule("0,add,a|10,remove,a", timeScale: 1, most: 2);
        Assert.Equal([ChaosAction.Kill, ChaosAction.Join], schedule.Events.Select(e => e.Action));
    }

    [Fact]
    public void Whatever_the_trace_somebody_is_there_at_the_end_and_never_more_than_the_limit() =>
        Gen.Select(Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3]).Array[1, 40], Gen.Int[1, 4]).Sample((changes, most) =>
        {
            var (rows, there, time) = (new List<TraceRow>(), new HashSet<int>(), 0);
            foreach ((int node, int pause) in changes)
                rows.Add(new(time += pause, there.Add(node) || !there.Remove(node), $"node{node}"));
            ChaosSchedule schedule = PreemptionTrace.ToSchedule(rows, 1, most);
            int present = schedule.Workers;
            foreach (ChaosEvent e in schedule.Events)
            {
                present += e.Action == ChaosAction.Join ? 1 : -1;
                Assert.InRange(present, 0, most);
            }
            Assert.True(present > 0);
        }, iter: 500);

    private static ChaosSchedule Schedule(string lines, double timeScale, int most) =>
        PreemptionTrace.ToSchedule(PreemptionTrace.Parse(lines.Split('|'), "trace.csv"), timeScale, most);
}
