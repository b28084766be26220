using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Ring;

/// <summary>The ranks make different calls: a mistake in the program, not a loss.</summary>
internal sealed class OutOfStepException(string message) : Exception(message);

/// <summary>The connection to the next rank is unusable.</summary>
internal sealed class SendFailedException(Exception cause) : IOException(cause.Message, cause);

/// <summary>
/// Runs operations over the two data connections. Large ones: the caller receives and combines while a second thread sends each chunk as
/// soon as it is ready. Small ones: the caller does both, which spares two changes of thread.
/// </summary>
internal sealed unsafe class DataPath : IDisposable
{
    private const int Chunk = 256 << 10;

    /// <summary>Steps up to this size always fit the connection's buffers, so a caller may send without receiving meanwhile.</summary>
    private const int Small = 16 << 10;

    private readonly Socket _in, _out;
    private readonly Action<Exception> _sendFailed;
    private readonly object _gate = new();
    private readonly byte[] _packet = new byte[OperationHeader.Bytes + Small];
    private readonly byte* _scratch;
    private readonly byte[] _scratchOwner = GC.AllocateUninitializedArray<byte>(Chunk, pinned: true);
    private Thread? _sender;
    private (OperationHeader Header, SendStep[] Steps)? _job;
    private Exception? _error;
    private long _received;
    private bool _closed;

    /// <param name="dataIn">From the previous rank.</param>
    /// <param name="dataOut">To the next rank.</param>
    /// <param name="sendFailed">Told on the sending thread that the connection to the next rank is unusable.</param>
    public DataPath(Socket dataIn, Socket dataOut, Action<Exception> sendFailed)
    {
        (_in, _out, _sendFailed) = (dataIn.Unhurried(), dataOut.Unhurried(), sendFailed);
        _scratch = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_scratchOwner, 0);
    }

    /// <summary>Whether bytes of the previous rank wait to be received.</summary>
    public bool HasPending
    {
        get
        {
            try
            {
                return _in.Available > 0;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Closed: the ring is broken or disposed, which its own state says better.
                return false;
            }
        }
    }

    /// <summary>Does this rank's part; the memory is not touched any more after <see cref="Settle"/>. Throws what the sockets throw.</summary>
    public void Run(OperationHeader header, RingProgram program, Reducer? reducer)
    {
        if (program.Widest <= Small) RunSmall(header, program, reducer);
        else RunLarge(header, program, reducer);
    }

    /// <summary>Waits until the sending thread is done with the last operation; it soon is once the path is closed.</summary>
    public void Settle()
    {
        lock (_gate)
            while (_job is not null)
                Monitor.Wait(_gate);
    }

    /// <summary>Cuts both connections; every blocked call returns with an error. From any thread.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
        _out.Cut();
        _in.Cut();
    }

    /// <summary>Closes, and ends the sending thread.</summary>
    public void Dispose()
    {
        Close();
        _sender?.Join();
    }

    private void RunSmall(OperationHeader header, RingProgram program, Reducer? reducer)
    {
        long received = 0;
        int sent = 0;
        SendReady();
        if (program.Receives.Length > 0) Check(header);
        foreach (ReceiveStep step in program.Receives)
        {
            Receive(step, reducer, bytes => received += bytes);
            SendReady();
        }

        void SendReady()
        {
            for (; sent < program.Sends.Length && program.Sends[sent] is var step && step.After + step.Bytes <= received; sent++)
            {
                // The header travels with the first bytes.
                int head = sent == 0 ? OperationHeader.Bytes : 0;
                if (sent == 0) header.Write(_packet);
                new ReadOnlySpan<byte>((void*)step.Source, (int)step.Bytes).CopyTo(_packet.AsSpan(head));
                try
                {
                    _out.SendAll(_packet.AsSpan(0, head + (int)step.Bytes));
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    throw new SendFailedException(e);
                }
            }
        }
    }

    private void RunLarge(OperationHeader header, RingProgram program, Reducer? reducer)
    {
        lock (_gate)
        {
            // Past this, the sending thread is there until the job is done: it leaves only when the path is closed or has failed, and without a job.
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_error is not null) throw new SendFailedException(_error);
            if (_sender is null)
            {
                _sender = new Thread(SendJobs, maxStackSize: 256 << 10) { IsBackground = true, Name = "ring sender" };
                _sender.Start();
            }
            _received = 0;
            if (program.Sends.Length > 0) _job = (header, program.Sends);
            Monitor.PulseAll(_gate);
        }
        if (program.Receives.Length > 0) Check(header);
        foreach (ReceiveStep step in program.Receives) Receive(step, reducer, Announce);
        Settle();
        if (_error is not null) throw new SendFailedException(_error);
    }

    private void Check(OperationHeader mine)
    {
        Span<byte> bytes = stackalloc byte[OperationHeader.Bytes];
        _in.ReceiveAll(bytes);
        var theirs = OperationHeader.Read(bytes);
        if (theirs != mine) throw new OutOfStepException($"this rank makes {mine}; the rank before it makes {theirs}");
    }

    private void Receive(ReceiveStep step, Reducer? reducer, Action<long> announce)
    {
        for (long offset = 0; offset < step.Bytes; offset += Chunk)
        {
            int bytes = (int)Math.Min(Chunk, step.Bytes - offset);
            nint into = step.Into + (nint)offset;
            _in.ReceiveAll(new Span<byte>(step.Own == 0 ? (void*)into : _scratch, bytes));
            if (step.Own != 0) reducer!(step.Own + (nint)offset, (nint)_scratch, into, bytes);
            announce(bytes);
        }
    }

    private void Announce(long bytes)
    {
        lock (_gate)
        {
            _received += bytes;
            Monitor.PulseAll(_gate);
        }
    }

    private void SendJobs()
    {
        while (true)
        {
            (OperationHeader Header, SendStep[] Steps) job;
            lock (_gate)
            {
                while (_job is null && !_closed) Monitor.Wait(_gate);
                if (_job is null) return;
                job = _job.Value;
            }
            try
            {
                Send(job.Header, job.Steps);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                lock (_gate) _error ??= e;
            }
            lock (_gate)
            {
                _job = null;
                Monitor.PulseAll(_gate);
            }
            if (_error is not null)
            {
                _sendFailed(_error);
                return;
            }
        }
    }

    private void Send(OperationHeader header, SendStep[] steps)
    {
        Span<byte> head = stackalloc byte[OperationHeader.Bytes];
        header.Write(head);
        _out.SendAll(head);
        foreach (SendStep step in steps)
        {
            for (long offset = 0; offset < step.Bytes; offset += Chunk)
            {
                int bytes = (int)Math.Min(Chunk, step.Bytes - offset);
                AwaitReceived(step.After + offset + bytes);
                _out.SendAll(new ReadOnlySpan<byte>((void*)(step.Source + (nint)offset), bytes));
            }
        }
    }

    private void AwaitReceived(long bytes)
    {
        lock (_gate)
        {
            while (_received < bytes && !_closed) Monitor.Wait(_gate);
            ObjectDisposedException.ThrowIf(_closed, this);
        }
    }
}
