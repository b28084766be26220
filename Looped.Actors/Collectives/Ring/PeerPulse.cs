namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// Judges a neighbour by its signs of life. Knows no clock: it is told how much time has gone by in which a sign could have been heard,
/// so the pauses of the listening process itself are never held against the neighbour.
/// </summary>
/// <param name="workerTimeout">Longest silence, and longest time at one count beyond what its own micro-batches took.</param>
internal sealed class PeerPulse(TimeSpan workerTimeout)
{
    private const int Slack = 5, FirstSlack = 12;

    private TimeSpan _silent, _still, _slowest;
    private long _count;
    private RankPulse _pulse;

    /// <summary>A sign of life came.</summary>
    public void Heard(BeaconFrame.Beat beat)
    {
        _silent = TimeSpan.Zero;
        if (beat.MicroBatches != _count && _pulse == RankPulse.Computing && _still > _slowest) _slowest = _still;
        if (beat.MicroBatches != _count || beat.Pulse != _pulse) _still = TimeSpan.Zero;
        (_count, _pulse) = (beat.MicroBatches, beat.Pulse);
    }

    /// <summary>Time went by without a sign; the reason if the neighbour is lost for it.</summary>
    public string? Elapse(TimeSpan time)
    {
        _silent += time;
        _still += time;
        if (_silent > workerTimeout) return $"it gave no sign of life for {_silent.TotalSeconds:0.0} s";
        return _pulse switch
        {
            RankPulse.Computing when _still > Patience => $"it has been computing one micro-batch for {_still.TotalSeconds:0.0} s",
            RankPulse.Between when _still > LongPatience => $"it has been between two micro-batches (logs, checkpoint, data) for {_still.TotalSeconds:0.0} s",
            _ => null,
        };
    }

    /// <summary>Nothing is known of a neighbour's speed before its first micro-batch, which may also be its slowest.</summary>
    private TimeSpan Patience => _slowest == TimeSpan.Zero ? LongPatience : Slack * _slowest > workerTimeout ? Slack * _slowest : workerTimeout;

    /// <summary>A disk or a file system may be slow now and then, and one that all share is slow for everybody: nobody is the better off without this rank.</summary>
    private TimeSpan LongPatience => FirstSlack * workerTimeout;
}
