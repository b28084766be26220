using Looped.Actors.Supervision;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>What the training thread tells the world. Called on that thread; implementations return soon.</summary>
public interface ITrainingObserver
{
    /// <summary>A generation begins: its micro-batches will be taken in this order.</summary>
    /// <param name="plan">The generation.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="epoch">What micro-batches for it are marked with; see <see cref="BatchQueue"/>.</param>
    /// <param name="step">Steps committed.</param>
    /// <param name="first">What is left of the step in progress.</param>
    /// <param name="later">The micro-batches of every step after it.</param>
    void Began(GenerationPlan plan, int rank, long epoch, long step, IReadOnlyList<int> first, IReadOnlyList<int> later);

    /// <summary>A micro-batch was taken from the queue.</summary>
    void BatchTaken();

    /// <summary>A step was committed.</summary>
    void Committed(StepReport report, GenerationPlan plan);

    /// <summary>A snapshot may be wanted between two steps: called once before the first step of a generation and after every commit.</summary>
    /// <param name="replica">The replica, at rest.</param>
    /// <param name="last">Whether no further step follows.</param>
    void AtRest(Replica replica, bool last);

    /// <summary>Something worth a line for people.</summary>
    void Note(string text);

    /// <summary>The training thread is through; <see cref="RankState.Outcome"/> follows when nothing is under way any more.</summary>
    /// <param name="outcome">How it ended for this rank.</param>
    /// <param name="step">Steps committed.</param>
    void Ended(RunOutcome outcome, long step);
}
