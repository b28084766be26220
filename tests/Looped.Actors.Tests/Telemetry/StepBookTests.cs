using Looped.Actors.Telemetry;

namespace Looped.Actors.Tests.Telemetry;

public class StepBookTests
{
    [Fact]
    public void A_step_that_comes_again_takes_back_itself_and_all_after_it()
    {
        var book = new StepBook();
        for (long step = 1; step <= 6; step++) Assert.Equal((0, 0), book.Commit(step, step));
        Assert.Equal((3, 4.0 + 5 + 6), book.Commit(4, 1));
        Assert.Equal((0, 0), book.Commit(5, 1));
        Assert.Equal((1, 1), book.Commit(5, 2));
    }

    [Fact]
    public void Steps_below_a_durable_checkpoint_cannot_be_lost()
    {
        var book = new StepBook();
        for (long step = 1; step <= 6; step++) book.Commit(step, 1);
        book.Durable(4);
        Assert.Equal((2, 2), book.Commit(1, 1));
    }
}
