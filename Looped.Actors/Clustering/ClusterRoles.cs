namespace Looped.Actors.Clustering;

/// <summary>What a node is for.</summary>
public static class ClusterRoles
{
    /// <summary>May host the supervisor and remove members.</summary>
    public const string Seed = "seed";

    /// <summary>Trains.</summary>
    public const string Worker = "worker";

    /// <summary>Evaluates and only observes.</summary>
    public const string Evaluator = "evaluator";
}
