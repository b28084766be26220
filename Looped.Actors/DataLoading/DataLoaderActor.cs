using Akka.Actor;
using Looped.Models;
using Looped.Models.Data;

namespace Looped.Actors.DataLoading;

/// <summary>
/// Reads micro-batches ahead of the training thread, never more than its credit.
/// <code>
/// state    message        does                                            next state
/// idle     StartLoading   loads up to the credit, each a MicroBatchLoaded  loading
/// loading  GrantCredit    loads that many more                             loading
/// loading  StartLoading   forgets the old plan, begins the new one         loading
/// any      (read error)   LoadingFailed to whoever started it              idle
/// </code>
/// </summary>
public sealed class DataLoaderActor : ReceiveActor
{
    private readonly IMicroBatchSource _source;
    private IActorRef _consumer = ActorRefs.Nobody;
    private StartLoading? _plan;
    private long _step;
    private int _position;

    /// <summary>Creates the actor.</summary>
    /// <param name="source">Where micro-batches come from.</param>
    public DataLoaderActor(IMicroBatchSource source)
    {
        _source = source;
        Receive<StartLoading>(Start);
        Receive<GrantCredit>(credit => Load(credit.Count));
    }

    private void Start(StartLoading plan)
    {
        (_consumer, _plan, _step, _position) = (Sender, plan, plan.FirstStep, 0);
        Advance(plan);
        Load(plan.Credit);
    }

    private void Load(int count)
    {
        for (; count > 0 && _plan is { } plan && _step < plan.Steps; count--)
        {
            try
            {
                _consumer.Tell(new MicroBatchLoaded(_source.Load(_step, Of(plan)[_position]), plan.Epoch));
            }
            catch (Exception error) when (error is LoopedException or IOException or UnauthorizedAccessException)
            {
                _plan = null;
                _consumer.Tell(new LoadingFailed(error.Message));
                return;
            }
            _position++;
            Advance(plan);
        }
    }

    private IReadOnlyList<int> Of(StartLoading plan) => _step == plan.FirstStep ? plan.First : plan.MicroBatches;

    private void Advance(StartLoading plan)
    {
        if (_position == Of(plan).Count) (_step, _position) = (_step + 1, 0);
    }
}
