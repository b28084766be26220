using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>The side channel to one neighbour. Written from any thread, read by the monitor's only.</summary>
internal sealed class BeaconLink(int peer, Socket socket, TimeSpan workerTimeout) : IDisposable
{
    private readonly Lock _writing = new();
    private readonly byte[] _bytes = new byte[4096];
    private int _have;
    private bool _saidLast;

    /// <summary>The neighbour's rank.</summary>
    public int Peer => peer;

    public Socket Socket => socket;

    public PeerPulse Pulse { get; } = new(workerTimeout);

    /// <summary>Whether the neighbour said goodbye.</summary>
    public bool Left { get; set; }

    /// <summary>Whether nothing more can come.</summary>
    public bool Ended { get; set; }

    /// <summary>Sends a frame; the last one ends this direction. Never throws: that the neighbour is gone shows in reading.</summary>
    public void Send(BeaconFrame frame, bool last = false)
    {
        lock (_writing)
        {
            if (_saidLast) return;
            _saidLast = last;
            try
            {
                socket.SendAll(frame.Write());
                if (last) socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The reading side says why.
            }
        }
    }

    /// <summary>Takes what is readable; the last element is null if the connection ended.</summary>
    public IReadOnlyList<BeaconFrame?> Read()
    {
        var frames = new List<BeaconFrame?>();
        try
        {
            int count = socket.Receive(_bytes.AsSpan(_have));
            _have += count;
            int used = 0;
            while (_have - used >= sizeof(ushort) && (_bytes[used] | _bytes[used + 1] << 8) is var length && _have - used - sizeof(ushort) >= length)
            {
                frames.Add(BeaconFrame.Read(_bytes[(used + sizeof(ushort))..(used + sizeof(ushort) + length)]));
                used += sizeof(ushort) + length;
            }
            _bytes.AsSpan(used, _have - used).CopyTo(_bytes);
            _have -= used;
            // A full buffer without a whole frame is no conversation of ours.
            if (count == 0 || _have == _bytes.Length) frames.Add(null);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or HandshakeException)
        {
            frames.Add(null);
        }
        if (frames is [.., null]) Ended = true;
        return frames;
    }

    public void Dispose() => socket.Dispose();
}
