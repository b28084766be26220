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
    private bool _computing;

    /// <summary>A sign of life came.</summary>
    public void Heard(BeaconFrame.Beat beat)
    {
        _silent = TimeSpan.Zero;
        if (beat.MicroBatches != _count && _computing && _still > _slowest) _slowest = _still;
        if (beat.MicroBatches != _count || !beat.Computing) _still = TimeSpan.Zero;
        (_count, _computing) = (beat.MicroBatches, beat.Computing);
    }

    /// <summary>Time went by without a sign; the reason if the neighbour is lost for it.</summary>
    public string? Elapse(TimeSpan time)
    {
        _silent += time;
        if (_computing) _still += time;
        if (_silent > workerTimeout) return $"it gave no sign of life for {_silent.TotalSeconds:0.0} s";
        return _computing && _still > Patience ? $"it has been computing one micro-batch for {_still.TotalSeconds:0.0} s" : null;
    }

    /// <summary>Nothing is known of a neighbour's speed before its first micro-batch, which may also be its slowest: it gets twelve timeouts.</summary>
    private TimeSpan Patience => _slowest == TimeSpan.Zero ? FirstSlack * workerTimeout
        : Slack * _slowest > workerTimeout ? Slack * _slowest : workerTimeout;
}
