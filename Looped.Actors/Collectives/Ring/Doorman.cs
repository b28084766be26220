using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// Accepts connections and lets in those that prove the secret. One thread serves all by readiness, so that a silent, slow or
/// babbling stranger costs a bounded buffer for a bounded time and never holds anybody up.
/// </summary>
internal sealed class Doorman : IDisposable
{
    /// <summary>More strangers than this at once push the longest-waiting one out: an honest handshake takes a millisecond.</summary>
    private const int MostStrangers = 64;

    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(500);

    private readonly Socket _listener;
    private readonly WaitingRoom _room;
    private readonly byte[] _secret;
    private readonly TimeSpan _patience;
    private readonly List<Stranger> _strangers = [];
    private readonly Thread _thread;
    private volatile bool _closing;
    private long _rejected, _unproven;

    public Doorman(Socket listener, WaitingRoom room, byte[] secret, TimeSpan patience)
    {
        (_listener, _room, _secret, _patience) = (listener, room, secret, patience);
        _thread = new Thread(Serve, maxStackSize: 256 << 10) { IsBackground = true, Name = "ring listener" };
        _thread.Start();
    }

    public long Rejected => Interlocked.Read(ref _rejected) + Unproven;

    public long Unproven => Interlocked.Read(ref _unproven);

    public void Dispose()
    {
        if (_closing) return;
        _closing = true;
        try
        {
            // The thread sleeps until something is readable: a connection of our own wakes it.
            using var poke = new Socket(_listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 100 };
            poke.Connect(_listener.LocalEndPoint!);
        }
        catch (SocketException)
        {
            // It wakes by itself at the end of its round.
        }
        _thread.Join();
        _listener.Dispose();
    }

    private void Serve()
    {
        while (!_closing)
        {
            var readable = new List<Socket>(_strangers.Count + 1) { _listener };
            readable.AddRange(_strangers.Select(s => s.Socket));
            Socket.Select(readable, null, null, _strangers.Count == 0 ? Round : _strangers[0].Deadline.OrIn(Round).Left);
            foreach (Socket socket in readable)
            {
                if (socket == _listener) Accept();
                else if (_strangers.Find(s => s.Socket == socket) is { } stranger) Listen(stranger); // else pushed out earlier in this round
            }
            while (_strangers.Count > 0 && _strangers[0].Deadline.Passed) Reject(_strangers[0], ref _unproven);
            _room.Sweep();
        }
        foreach (Stranger stranger in _strangers) stranger.Socket.Dispose();
    }

    private void Accept()
    {
        try
        {
            Socket socket = _listener.Accept();
            socket.NoDelay = true;
            socket.SendTimeout = (int)_patience.TotalMilliseconds;
            _strangers.Add(new Stranger(socket, Deadline.In(_patience)));
        }
        catch (SocketException)
        {
            // The caller hung up before it was let in, or this process has no descriptor to spare just now.
            Interlocked.Increment(ref _rejected);
        }
        if (_strangers.Count > MostStrangers) Reject(_strangers[0], ref _unproven);
    }

    private void Listen(Stranger stranger)
    {
        try
        {
            if (!stranger.Receive(out byte[] body)) return;
            if (stranger.Hello is null)
            {
                stranger.Hello = body;
                stranger.Asked = Handshake.ReadHello(body);
                stranger.Socket.SendAll(Handshake.WriteChallenge(_secret, body, stranger.Nonce));
                return;
            }
            if (!Handshake.IsProof(_secret, stranger.Hello, stranger.Nonce, body)) throw new HandshakeException("A wrong secret.");
            _strangers.Remove(stranger);
            if (!_room.Admit(stranger.Socket, stranger.Asked!)) Interlocked.Increment(ref _rejected);
        }
        catch (HandshakeException)
        {
            Reject(stranger, ref _unproven);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // A member that was killed, or ran out of time, in the middle of its handshake is nobody to warn people of:
            // one with a wrong secret says so before it hangs up.
            Reject(stranger, ref stranger.Asked is null ? ref _unproven : ref _rejected);
        }
    }

    private void Reject(Stranger stranger, ref long count)
    {
        _strangers.Remove(stranger);
        stranger.Socket.Dispose();
        Interlocked.Increment(ref count);
    }

    /// <summary>A connection that has not proven anything yet.</summary>
    private sealed class Stranger(Socket socket, Deadline deadline)
    {
        private byte[] _bytes = new byte[sizeof(ushort)];
        private int _have;
        private bool _inBody;

        public Socket Socket { get; } = socket;

        public Deadline Deadline { get; } = deadline;

        public byte[] Nonce { get; } = RandomNumberGenerator.GetBytes(Handshake.NonceBytes);

        public byte[]? Hello { get; set; }

        public Hello? Asked { get; set; }

        /// <summary>Takes what has come; true once a frame is whole.</summary>
        public bool Receive(out byte[] body)
        {
            body = [];
            int count = Socket.Receive(_bytes.AsSpan(_have));
            if (count == 0) throw new EndOfStreamException();
            _have += count;
            if (_have < _bytes.Length) return false;
            if (_inBody) body = _bytes;
            else if ((_bytes[0] | _bytes[1] << 8) is var length and (0 or > Handshake.LargestFrame)) throw new HandshakeException($"A frame of {length} bytes.");
            (_bytes, _have, _inBody) = (new byte[_inBody ? sizeof(ushort) : _bytes[0] | _bytes[1] << 8], 0, !_inBody);
            return body.Length > 0;
        }
    }

    /// <summary>Listens on exactly this address, at the first free port of the range; 0 to 0 is any port.</summary>
    public static Socket Bind(IPAddress address, int firstPort, int lastPort)
    {
        for (int port = firstPort; port <= lastPort; port++)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Prepare().Bind(new IPEndPoint(address, port));
                socket.Listen(128);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                if (e.SocketErrorCode != SocketError.AddressAlreadyInUse)
                    throw new Models.LoopedException($"Cannot listen on {address}:{port} ({e.Message}); give an address of this machine and a port it may use.", e);
            }
        }
        throw new Models.LoopedException(firstPort == lastPort
            ? $"Port {firstPort} of {address} is in use by another program; give a free one."
            : $"Every port from {firstPort} to {lastPort} of {address} is in use by other programs; give a wider or another range.");
    }
}
