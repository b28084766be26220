namespace Looped.Actors.Tests.Simulation;

/// <summary>Every order of concurrent events within a horizon, for one run and one fault: lists of choices, tried one after the other.</summary>
internal static class Exploration
{
    /// <summary>Explores.</summary>
    /// <param name="options">The run, with its fault.</param>
    /// <param name="horizon">How many choices are open, counted from the fault; later ones take what is first.</param>
    /// <param name="window">Events that are so close are concurrent.</param>
    /// <returns>How many histories there are, and what is wrong with the first bad one.</returns>
    public static (int Histories, string? Problem) Explore(SimOptions options, int horizon, TimeSpan window)
    {
        var listed = new List<int>();
        for (int histories = 1; ; histories++)
        {
            var choices = new ListedChoices(listed, horizon, window);
            if (Try(options, choices, trace: false) is { } problem)
                return (histories, $"{problem}\nchoices {string.Join(",", listed)} after {string.Join(", ", options.Faults)}\n{Explain(options, listed, horizon, window)}");
            // The next list: the last choice that has a further possibility takes it.
            List<int> taken = [.. listed, .. Enumerable.Repeat(0, Math.Max(0, choices.Possible.Count - listed.Count))];
            int last = Enumerable.Range(0, choices.Possible.Count).LastOrDefault(i => taken[i] + 1 < choices.Possible[i], -1);
            if (last < 0) return (histories, null);
            listed = [.. taken.Take(last), taken[last] + 1];
        }
    }

    /// <summary>How many events a run has without its faults.</summary>
    public static long Events(SimOptions options)
    {
        var run = new SimRun(options with { Faults = [] }, new ListedChoices([], 0, TimeSpan.Zero));
        run.Go();
        return run.Scheduler.Count;
    }

    private static string? Try(SimOptions options, ListedChoices choices, bool trace)
    {
        var run = new SimRun(options, choices, trace) { Faulted = choices.Open };
        try
        {
            run.Go();
            return null;
        }
        catch (SimFailure failure)
        {
            return trace ? run.Trace : failure.Message;
        }
    }

    private static string Explain(SimOptions options, List<int> listed, int horizon, TimeSpan window) =>
        Try(options, new ListedChoices(listed, horizon, window), trace: true) ?? "";
}
