namespace Looped.Actors.Tests.Simulation;

/// <summary>Whatever a history leaves open: which of several things happens, how long it takes, whether a message is lost.</summary>
internal abstract class Choices
{
    /// <summary>One of 0 … count − 1.</summary>
    public abstract int Pick(int count);

    /// <summary>A duration.</summary>
    public abstract TimeSpan Time(double fromSeconds, double toSeconds);

    /// <summary>Whether something of this probability happens.</summary>
    public abstract bool Chance(double probability);

    /// <summary>Which of the pending events comes next: the earliest, or one that is nearly as early.</summary>
    public virtual int Next(int concurrent) => 0;

    /// <summary>Events that are so close are concurrent.</summary>
    public virtual TimeSpan Window => TimeSpan.Zero;
}

/// <summary>Everything by a seed.</summary>
internal sealed class SeededChoices(int seed) : Choices
{
    private readonly Random _random = new(seed);

    public override int Pick(int count) => _random.Next(count);

    public override TimeSpan Time(double fromSeconds, double toSeconds) =>
        TimeSpan.FromSeconds(fromSeconds + (toSeconds - fromSeconds) * _random.NextDouble());

    public override bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;
}

/// <summary>
/// Everything takes its shortest time and no message is lost, but within a horizon the order of concurrent events, and what becomes of messages
/// where the run has lossy ones, is given by a list of choices. What was possible at each is remembered, so that every list can be tried in turn.
/// </summary>
internal sealed class ListedChoices(IReadOnlyList<int> listed, int horizon, TimeSpan window) : Choices
{
    private bool _open;

    /// <summary>How many choices there were at each point.</summary>
    public List<int> Possible { get; } = [];

    /// <summary>The horizon begins.</summary>
    public void Open() => _open = true;

    public override int Pick(int count) => 0;

    public override TimeSpan Time(double fromSeconds, double toSeconds) => TimeSpan.FromSeconds(fromSeconds);

    public override bool Chance(double probability) => probability > 0 && Choose(2) == 1;

    public override TimeSpan Window => _open && Possible.Count < horizon ? window : TimeSpan.Zero;

    public override int Next(int concurrent) => concurrent == 1 ? 0 : Choose(concurrent);

    private int Choose(int possible)
    {
        if (!_open || Possible.Count >= horizon) return 0;
        Possible.Add(possible);
        return Possible.Count <= listed.Count ? listed[Possible.Count - 1] : 0;
    }
}
