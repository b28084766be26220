using TorchSharp;

namespace Looped.Actors.Collectives.Ring;

/// <summary>A slice to reduce: all that its thread needs, and the tensors that own the memory, which it leaves alone.</summary>
internal sealed record Bucket(nint From, nint To, long Count, torch.ScalarType Type, int ElementBytes, ReduceOperation Operation, torch.Tensor Input, torch.Tensor Output);

/// <summary>Reduces slices in the order of their coming on a thread of its own, which starts with the first.</summary>
internal sealed class BucketQueue(Action<Bucket> reduce) : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Bucket> _waiting = [];
    private Thread? _thread;
    private Exception? _error;
    private bool _busy, _closing;

    public void Add(Bucket bucket)
    {
        lock (_gate)
        {
            _waiting.Enqueue(bucket);
            if (_thread is null)
            {
                _thread = new Thread(Work) { IsBackground = true, Name = "ring buckets" };
                _thread.Start();
            }
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Returns when nothing is waiting or running; throws what ended the work.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            while (_busy || (_waiting.Count > 0 && _error is null)) Monitor.Wait(_gate);
            if (_error is CollectiveBrokenException broken) throw new CollectiveBrokenException(broken.Message, broken) { Lost = broken.Lost };
            if (_error is not null) throw new CollectiveBrokenException($"A slice could not be reduced: {_error.Message}", _error);
        }
    }

    /// <summary>Ends the thread; what waits is not reduced any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            _waiting.Clear();
            Monitor.PulseAll(_gate);
        }
        _thread?.Join();
    }

    private void Work()
    {
        while (true)
        {
            Bucket bucket;
            lock (_gate)
            {
                _busy = false;
                Monitor.PulseAll(_gate);
                while (_waiting.Count == 0 && !_closing) Monitor.Wait(_gate);
                if (_closing) return;
                bucket = _waiting.Dequeue();
                _busy = true;
            }
            try
            {
                reduce(bucket);
            }
#pragma warning disable CA1031 // It is thrown where the result is awaited.
            catch (Exception e)
#pragma warning restore CA1031
            {
                lock (_gate)
                {
                    (_error, _busy) = (e, false);
                    _waiting.Clear();
                    Monitor.PulseAll(_gate);
                }
                return;
            }
        }
    }
}
