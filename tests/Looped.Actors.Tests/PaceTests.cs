using CsCheck;
using Looped.Actors.Training;

namespace Looped.Actors.Tests;

/// <summary>Measured time per predicted multiply–accumulate.</summary>
public class PaceTests
{
    private const double Usual = 4e9;

    [Fact]
    public void A_worker_that_draws_long_and_short_loops_is_as_fast_as_its_hardware() =>
        Gen.Select(Gen.Double[0.25, 4].Array[1, 60], Gen.Double[0.01, 10]).Sample((lengths, secondsEach) =>
        {
            var pace = new Pace(Usual, 0);
            foreach (double length in lengths) pace.Add(length * secondsEach, length * Usual);
            Assert.Equal(secondsEach, pace.Seconds, 1e-9 * secondsEach);
        });

    [Fact]
    public void It_follows_a_machine_that_becomes_slower_and_goes_on_from_what_was_known()
    {
        var pace = new Pace(Usual, 1);
        Assert.Equal(1, pace.Seconds);
        for (int i = 0; i < 30; i++) pace.Add(3, Usual);
        Assert.InRange(pace.Seconds, 2.9, 3);
        Assert.Equal(0, new Pace(Usual, 0).Seconds);
    }
}
