namespace Looped.Actors.Runs;

/// <summary>A line of a run's logs: everything logged is about a committed step.</summary>
public interface IStepRecord
{
    /// <summary>The step; after it, this many steps are committed.</summary>
    long Step { get; }
}
