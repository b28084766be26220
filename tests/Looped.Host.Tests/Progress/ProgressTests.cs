using Looped.Actors.Training;
using Looped.Host.Progress;
using Spectre.Console;

namespace Looped.Host.Tests.Progress;

public class ProgressTests
{
    private const int Steps = 40, TokensPerStep = 1000;

    [Fact]
    public void A_log_has_the_first_and_the_last_step_and_about_a_line_a_second_between()
    {
        var clock = new ManualClock();
        var lines = new List<string>();
        using (var display = new PlainDisplay(lines.Add, clock))
        {
            display.Note("10,803 sequences of text");
            display.Start("toy", 0, Steps);
            for (int step = 1; step <= Steps; step++)
            {
                clock.Advance(0.25);
                display.Step(Report(step));
                if (step == 20) display.Evaluated(new EvaluationReport(20, 2.5, 12.18249, 12288, false, 0.5));
            }
        }

        Assert.Equal("""
            10,803 sequences of text
            toy: 40 steps
            step 1/40 (2 %)  loss 4.000  4,000 tok/s  lr 1.0e-03  norm 0.50
            step 5/40 (12 %)  loss 3.779  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:09
            step 9/40 (22 %)  loss 3.531  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:08
            step 13/40 (32 %)  loss 3.257  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:07
            step 17/40 (42 %)  loss 2.960  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:06
            validation perplexity 12.18 (12,288 tokens) after step 20
            step 21/40 (52 %)  loss 2.642  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:05
            step 25/40 (62 %)  loss 2.307  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:04
            step 29/40 (72 %)  loss 1.957  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:03
            step 33/40 (82 %)  loss 1.595  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:02
            step 37/40 (92 %)  loss 1.223  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:01
            step 40/40 (100 %)  loss 0.940  4,000 tok/s  lr 1.0e-03  norm 0.50  eta 0:00
            """.Split('\n'), lines);
    }

    [Fact]
    public void At_each_evaluated_step_the_gradient_norms_are_told_and_a_spike_is_a_warning()
    {
        var lines = new List<string>();
        using var display = new GradientWatch(new NotesDisplay(lines.Add), every: 10);
        for (int step = 1; step <= Steps; step++) display.Step(Report(step) with { GradientNorm = step == 25 ? 9 : 0.5 });

        Assert.Equal([
            "gradient norm 0.50, largest 0.50, mean 0.50 over the last 10 steps",
            "gradient norm 0.50, largest 0.50, mean 0.50 over the last 10 steps",
            "gradient norm 0.50, largest 9.00, mean 1.35 over the last 10 steps",
            "warning: a gradient norm of the last 10 steps was 6.7 times their mean; if the loss suffers, lower optimizer.clip_norm or optimizer.learning_rate.",
            "gradient norm 0.50, largest 0.50, mean 0.50 over the last 10 steps",
        ], lines);
    }

    [Fact]
    public void A_slow_run_shows_every_step_and_a_continued_one_says_where_it_goes_on()
    {
        var clock = new ManualClock();
        var lines = new List<string>();
        using var display = new PlainDisplay(lines.Add, clock);
        display.Start("toy", 37, Steps);
        for (int step = 38; step <= Steps; step++)
        {
            clock.Advance(5);
            display.Step(Report(step) with { Seconds = 5, TokensPerSecond = 200 });
        }

        Assert.Equal("toy: continuing after step 37 of 40", lines[0]);
        Assert.Equal(4, lines.Count);
    }

    [Fact]
    public void The_first_steps_do_not_enter_speed_and_remaining_time()
    {
        var line = new StepLine();
        line.Add(Report(1) with { Seconds = 60, TokensPerSecond = 16 });
        Assert.Equal(16, line.TokensPerSecond);
        Assert.Null(line.Remaining);
        line.Add(Report(2) with { Seconds = 60 });
        for (int step = 3; step <= 10; step++)
            line.Add(Report(step));
        Assert.Equal(4000, line.TokensPerSecond, 6);
        Assert.Equal(30 * 0.25, line.Remaining!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void A_skipped_step_is_marked_and_leaves_the_smoothed_loss_alone()
    {
        var line = new StepLine();
        line.Add(Report(1));
        line.Add(Report(2) with { Loss = double.NaN, GradientNorm = double.NaN, Skipped = true });
        Assert.StartsWith("loss 4.000 ", line.Numbers, StringComparison.Ordinal);
        Assert.EndsWith("norm NaN  skipped", line.Numbers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80, true, "toy [green]━━━━━━━━━━━━━[/][grey]──────────────────────────────────────[/]  25 %  10/40  eta 0:08")]
    [InlineData(44, true, "toy [green]━━━━[/][grey]───────────[/]  25 %  10/40  eta 0:08")]
    [InlineData(44, false, "toy [green]####[/][grey]...........[/]  25 %  10/40  eta 0:08")]
    [InlineData(30, true, "toy  25 %  10/40  eta 0:08")]
    [InlineData(16, true, "toy  25 %  10/4")]
    public void The_bar_takes_the_room_there_is(int width, bool unicode, string expected) =>
        Assert.Equal(expected, LiveLines.Draw("toy", 10, Steps, TenSteps(), width, unicode).Split('\n')[0]);

    [Fact]
    public void No_live_line_is_longer_than_the_terminal() => Assert.All(Enumerable.Range(1, 200), width =>
        Assert.All(LiveLines.Draw("toy [x]", 10, Steps, TenSteps(), width, unicode: true).Split('\n'),
            line => Assert.InRange(Markup.Remove(line).Length, 0, Math.Max(0, width - 1))));

    [Fact]
    public async Task The_live_display_ends_with_the_last_step_drawn_and_everything_else_above_it()
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = 60;
        await Task.Run(() =>
        {
            using var display = new Host.Progress.LiveDisplay(console, new ManualClock());
            display.Start("toy", 0, Steps);
            for (int step = 1; step <= Steps; step++)
                display.Step(Report(step));
            display.Evaluated(new EvaluationReport(Steps, 2.5, 12.18249, 12288, true, 0.5));
        }, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        // Without cursor movement every frame stays in the text; the evaluation is written before the last of them.
        string[] lines = [.. text.ToString().Split('\n').Select(l => l.Trim()).Where(l => l != "")];
        Assert.Contains("100 %  40/40  eta 0:00", lines[^2], StringComparison.Ordinal);
        Assert.StartsWith("loss 0.940  4,000 tok/s  lr 1.0e-03  norm 0.50", lines[^1], StringComparison.Ordinal);
        int evaluation = Array.FindIndex(lines, l => l.EndsWith("validation perplexity 12.18 (12,288 tokens) after step 40", StringComparison.Ordinal));
        Assert.InRange(evaluation, 1, lines.Length - 3);
    }

    private static StepLine TenSteps()
    {
        var line = new StepLine();
        for (int step = 1; step <= 10; step++)
            line.Add(Report(step));
        return line;
    }

    private static StepReport Report(int step) =>
        new(step, Steps, 4.1 - 0.1 * step, 1e-3, 0.5, step * TokensPerStep, 4000, 0.25, 1, 1, false);
}
