using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>What outlives a supervisor: its term, which fences it from others, and the plans it made.</summary>
public interface ISupervisorMemory
{
    /// <summary>Claims the next term.</summary>
    long ClaimTerm();

    /// <summary>The highest term that anybody has claimed.</summary>
    long HighestTerm();

    /// <summary>What the claim of a term left in the run folder, for others to find; null if there is no folder.</summary>
    RunFolderMark? Mark => null;

    /// <summary>Something to find in the run folder that was not there before: a copy of the folder, however new, lacks it. Null if there is no folder.</summary>
    /// <param name="newcomer">Who is to find it; the same until it was found and removed.</param>
    RunFolderMark? MarkFor(string newcomer) => Mark;

    /// <summary>Plans that may still be in force, of all terms.</summary>
    IReadOnlyList<GenerationPlan> Plans();

    /// <summary>Keeps a plan, durably, before anybody is told.</summary>
    void Keep(GenerationPlan plan);

    /// <summary>What the bits of a recipe's workers depend on, as the first of them said; null if there was none yet.</summary>
    /// <param name="recipeIdentity">Hash of the recipe.</param>
    NumericsFingerprint? Numerics(string recipeIdentity) => null;

    /// <summary>Keeps that, durably, for supervisors to come. Whoever was first stays.</summary>
    void Keep(string recipeIdentity, NumericsFingerprint numerics)
    {
        // A run without a folder has no supervisors to come.
    }
}

/// <summary>For a supervisor that shares its life with its only worker.</summary>
public sealed class NoSupervisorMemory : ISupervisorMemory
{
    /// <inheritdoc/>
    public long ClaimTerm() => 1;

    /// <inheritdoc/>
    public long HighestTerm() => 1;

    /// <inheritdoc/>
    public IReadOnlyList<GenerationPlan> Plans() => [];

    /// <inheritdoc/>
    public void Keep(GenerationPlan plan)
    {
        // The plan is gone when the worker is.
    }
}
