using System.Diagnostics;
using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// A side thread that gives and hears signs of life, also while the ring's owner computes. It reports the first cause of a breakage and
/// stays a moment after the end, so that what was said last is read and not cut off by the closing.
/// </summary>
internal sealed class RingMonitor
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private readonly BeaconLink[] _links;
    private readonly TimeSpan _interval;
    private readonly Action<Breakage> _report;
    private readonly Action _someoneLeft;
    private readonly Func<int, string> _describe;
    private readonly Lock _ending = new();
    private BeaconFrame.Beat _state = new(0, RankPulse.Waiting);
    private Deadline _end;
    private volatile bool _ended, _dead, _muted;

    /// <param name="links">The channels to the previous and to the next rank.</param>
    /// <param name="workerTimeout">As in <see cref="RingListener.Join"/>.</param>
    /// <param name="describe">A rank for people.</param>
    /// <param name="report">Told that the ring is broken, perhaps more than once.</param>
    /// <param name="someoneLeft">Told that a neighbour said goodbye.</param>
    public RingMonitor(BeaconLink[] links, TimeSpan workerTimeout, Func<int, string> describe, Action<Breakage> report, Action someoneLeft)
    {
        (_links, _describe, _report, _someoneLeft) = (links, describe, report, someoneLeft);
        TimeSpan tenth = workerTimeout / 10;
        _interval = tenth < TimeSpan.FromMilliseconds(200) ? tenth : TimeSpan.FromMilliseconds(200);
    }

    public void Start() => new Thread(Watch, maxStackSize: 256 << 10) { IsBackground = true, Name = "ring beacon" }.Start();

    /// <summary>What the next sign of life says.</summary>
    public void Beat(long microBatches, RankPulse pulse) => Volatile.Write(ref _state, new BeaconFrame.Beat(microBatches, pulse));

    public bool HasLeft(int rank) => Array.Exists(_links, link => link.Peer == rank && link.Left);

    /// <summary>Tells both neighbours the last word; only the first call counts.</summary>
    public void End(BeaconFrame last)
    {
        lock (_ending)
        {
            if (_ended) return;
            _end = Deadline.In(Linger);
            _ended = true;
            foreach (BeaconLink link in _links) link.Send(last, last: true);
        }
    }

    /// <summary>For tests: this rank dies without a word.</summary>
    internal void Die()
    {
        _dead = true;
        foreach (BeaconLink link in _links) link.Socket.Cut();
    }

    /// <summary>For tests: this rank falls silent with its connections open.</summary>
    internal void Mute() => _muted = true;

    private void Watch()
    {
        long last = Stopwatch.GetTimestamp(), due = last;
        while (!_dead && !(_ended && (_end.Passed || Array.TrueForAll(_links, link => link.Ended))))
        {
            Listen(_interval - Stopwatch.GetElapsedTime(due));
            long now = Stopwatch.GetTimestamp();
            TimeSpan lived = Stopwatch.GetElapsedTime(last, now);
            last = now;
            if (_ended) continue;
            if (Stopwatch.GetElapsedTime(due, now) >= _interval)
            {
                due = now;
                if (!_muted) foreach (BeaconLink link in _links) link.Send(Volatile.Read(ref _state));
            }
            // A longer time than this was a pause of this process, in which it heard nothing because it did not listen.
            Judge(lived < 2 * _interval ? lived : 2 * _interval);
        }
        foreach (BeaconLink link in _links) link.Dispose();
    }

    private void Listen(TimeSpan time)
    {
        List<Socket> readable = [.. _links.Where(link => !link.Ended).Select(link => link.Socket)];
        if (time < TimeSpan.Zero) time = TimeSpan.Zero;
        try
        {
            if (readable.Count == 0) Thread.Sleep(time);
            else Socket.Select(readable, null, null, time);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Only Die closes a socket under this thread.
            return;
        }
        foreach (BeaconLink link in _links.Where(link => readable.Contains(link.Socket)))
            foreach (BeaconFrame? frame in link.Read())
                Hear(link, frame);
    }

    private void Hear(BeaconLink link, BeaconFrame? frame)
    {
        if (_dead) return;
        switch (frame)
        {
            case BeaconFrame.Beat beat:
                link.Pulse.Heard(beat);
                break;
            case BeaconFrame.Goodbye:
                link.Left = true;
                _someoneLeft();
                break;
            case BeaconFrame.Abort abort:
                link.Left = true;
                _report(abort.Breakage);
                break;
            case null when !_ended && !link.Left:
                _report(new Breakage($"{_describe(link.Peer)} is lost: its connection closed.", [link.Peer]));
                break;
        }
    }

    private void Judge(TimeSpan lived)
    {
        foreach (BeaconLink link in _links)
            if (!link.Left && !link.Ended && link.Pulse.Elapse(lived) is { } problem)
                _report(new Breakage($"{_describe(link.Peer)} is lost: {problem}.", [link.Peer]));
    }
}
