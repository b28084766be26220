using System.Globalization;

namespace Looped.Actors.Tests.Simulation;

public class SimulationTests
{
    private static int Histories => int.TryParse(Environment.GetEnvironmentVariable("LOOPED_HISTORIES"), CultureInfo.InvariantCulture, out int n) ? n : 1000;

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("LOOPED_FIRST_HISTORY"), CultureInfo.InvariantCulture, out int n) ? n : 0;

    [Fact]
    public void A_run_without_faults_finishes()
    {
        var run = new SimRun(new SimOptions(), new ListedChoices([], 0, TimeSpan.Zero));
        run.Go();
        Assert.Equal(1, run.Plans);
        Assert.Equal(run.Options.Steps * run.Options.MicroBatches, run.Computed);
    }

    [Fact]
    public void Thousands_of_random_histories_keep_the_invariants_and_finish()
    {
        var failures = new List<string>();
        for (int seed = First; seed < First + Histories && failures.Count < 10; seed++)
            if (Try(seed) is { } problem) failures.Add(problem);
        Assert.True(failures.Count == 0, $"{string.Join('\n', failures)}\n\n{(failures.Count > 0 ? Explain(int.Parse(failures[0].Split(' ')[1], CultureInfo.InvariantCulture)) : "")}");
    }

    private static string? Try(int seed)
    {
        var run = new SimRun(RandomHistory.Of(seed), new SeededChoices(seed));
        try
        {
            run.Go();
            return null;
        }
        catch (SimFailure failure)
        {
            return $"seed {seed} : {failure.Message}";
        }
    }

    private static string Explain(int seed)
    {
        var run = new SimRun(RandomHistory.Of(seed), new SeededChoices(seed), trace: true);
        try
        {
            run.Go();
        }
        catch (SimFailure)
        {
            // Known; its trace is what is wanted.
        }
        string[] lines = run.Trace.Split('\n');
        return string.Join('\n', lines.Length > 1500 ? lines.Take(1500) : lines);
    }
}
