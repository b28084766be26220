using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>Blocking socket calls, whole frames at a time. Only blocking calls are used on these sockets: one asynchronous call would make .NET emulate blocking for ever after.</summary>
internal static class SocketExtensions
{
    private const int BufferBytes = 4 << 20;

    public static Socket Prepare(this Socket socket)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = BufferBytes;
        socket.ReceiveBufferSize = BufferBytes;
        return socket;
    }

    /// <summary>Waits without a limit again, for the life in the ring.</summary>
    public static Socket Unhurried(this Socket socket)
    {
        socket.ReceiveTimeout = 0;
        socket.SendTimeout = 0;
        return socket;
    }

    public static void SendAll(this Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[socket.Send(bytes)..];
    }

    /// <summary>Fills the span; <see cref="EndOfStreamException"/> if the peer closed.</summary>
    public static void ReceiveAll(this Socket socket, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = socket.Receive(bytes);
            if (count == 0) throw new EndOfStreamException("The peer closed the connection.");
            bytes = bytes[count..];
        }
    }

    /// <summary>Receives one frame within the time, however slowly its bytes come.</summary>
    public static byte[] ReceiveFrame(this Socket socket, Deadline deadline)
    {
        byte[] head = Receive(socket, sizeof(ushort), deadline);
        int length = head[0] | head[1] << 8;
        if (length > Handshake.LargestFrame) throw new HandshakeException("It does not speak this ring's language.");
        return Receive(socket, length, deadline);
    }

    private static byte[] Receive(Socket socket, int length, Deadline deadline)
    {
        byte[] bytes = new byte[length];
        for (int have = 0, count; have < length; have += count)
        {
            if (deadline.Passed) throw new HandshakeException("It did not answer in time.");
            socket.ReceiveTimeout = Math.Max(1, (int)deadline.Left.TotalMilliseconds);
            count = socket.Receive(bytes.AsSpan(have));
            if (count == 0) throw new EndOfStreamException("It closed the connection.");
        }
        return bytes;
    }

    /// <summary>Ends both directions and closes; a call blocked on the socket returns. Never throws.</summary>
    public static void Cut(this Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was not connected any more: all the better.
        }
        socket.Dispose();
    }
}
