using Looped.Host.Training;

namespace Looped.Host.Tests.Training;

public class NoticesTests
{
    [Theory]
    [InlineData("INT@0", "Leave")]
    [InlineData("TERM@0 TERM@1.9", "Leave -")]
    [InlineData("TERM@0 TERM@2", "Leave Hurry")]
    [InlineData("USR1@0 TERM@30", "Leave Hurry")]
    // SLURM, with --signal=USR1 and at preemption: several kinds at once, again at the end of the grace.
    [InlineData("CONT@0 TERM@0 USR1@0.1 CONT@60 TERM@60", "- Leave - - Hurry")]
    [InlineData("CONT@0 CONT@3", "- -")]
    // A held key, and a terminal beside a parent that passes it on.
    [InlineData("INT@0 INT@0.5 INT@0.6 INT@0.7 INT@1.9", "Leave - - - -")]
    [InlineData("INT@0 INT@0 INT@5 INT@5.1 INT@10", "Leave - Hurry - Exit")]
    [InlineData("INT@0 INT@3 INT@6", "Leave Hurry Exit")]
    [InlineData("INT@0 INT@3 INT@4.9 INT@5", "Leave Hurry - Exit")]
    [InlineData("TERM@0 TERM@3 TERM@6 TERM@9", "Leave Hurry Hurry Hurry")]
    // A Ctrl-C counts as one even if another signal began its notice.
    [InlineData("TERM@0 INT@1 INT@1.5 INT@3 INT@6", "Leave - - Hurry Exit")]
    [InlineData("INT@0 TERM@3 INT@3.1 INT@6", "Leave Hurry - Exit")]
    public void Signals_close_together_are_one_notice_a_later_one_hurries_and_only_a_third_interrupt_ends_the_process(string signals, string effects)
    {
        var notices = new Notices();
        var found = new List<string>();
        foreach (string[] signal in signals.Split(' ').Select(s => s.Split('@')))
        {
            (notices, NoticeEffect effect) = notices.Take($"SIG{signal[0]}", TimeSpan.FromSeconds(double.Parse(signal[1], System.Globalization.CultureInfo.InvariantCulture)));
            found.Add(effect == NoticeEffect.None ? "-" : $"{effect}");
        }
        Assert.Equal(effects, string.Join(' ', found));
    }

    [Fact]
    public void The_first_signal_is_remembered() =>
        Assert.Equal("SIGUSR1", new Notices().Take("SIGCONT", TimeSpan.Zero).After.Take("SIGUSR1", TimeSpan.Zero).After.Take("SIGINT", TimeSpan.FromSeconds(9)).After.First);
}
