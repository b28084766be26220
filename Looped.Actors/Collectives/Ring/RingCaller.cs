using System.Net;
using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>The calling end of a connection.</summary>
internal static class RingCaller
{
    /// <summary>Connects and proves the secret both ways; the answer is still to come. <see cref="SocketException"/>, <see cref="IOException"/> or <see cref="HandshakeException"/> if it fails.</summary>
    public static Socket Call(DnsEndPoint peer, Hello hello, byte[] secret, TimeSpan patience)
    {
        var deadline = Deadline.In(patience);
        Socket socket = Connect(peer, deadline);
        try
        {
            byte[] words = Handshake.Write(hello);
            socket.SendAll(words);
            ReadOnlySpan<byte> body = words.AsSpan(sizeof(ushort));
            byte[] challenge = socket.ReceiveFrame(deadline);
            socket.SendAll(Prove(socket, secret, body, challenge));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static byte[] Prove(Socket socket, byte[] secret, ReadOnlySpan<byte> hello, byte[] challenge)
    {
        try
        {
            return Handshake.WriteProof(secret, hello, Handshake.ReadChallenge(secret, hello, challenge));
        }
        catch (HandshakeException)
        {
            Deny(socket);
            throw;
        }
    }

    /// <summary>So that those over there see that the two secrets differ, and not just somebody who hung up.</summary>
    private static void Deny(Socket socket)
    {
        try
        {
            socket.SendAll(Handshake.Denial);
        }
        catch (SocketException)
        {
            // It has hung up first; that the secrets differ is what is worth telling here.
        }
    }

    private static Socket Connect(DnsEndPoint peer, Deadline deadline)
    {
        SocketException? error = null;
        foreach (IPAddress address in Dns.GetHostAddresses(peer.Host))
        {
            Socket socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp).Prepare();
            try
            {
                // Linux bounds a blocking connect by the send timeout.
                socket.SendTimeout = Math.Max(1, (int)deadline.Left.TotalMilliseconds);
                socket.Connect(address, peer.Port);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                error = e;
            }
        }
        throw error ?? new SocketException((int)SocketError.HostNotFound);
    }
}
