using System.Collections.Concurrent;
using Looped.Models.Optimization;
using static TorchSharp.torch;

namespace Looped.Actors.Training;

/// <summary>
/// The one thread that runs every tensor operation of a worker: dispose scopes and gradient modes are thread-local, and LibTorch
/// keeps a team of OpenMP threads for each thread that computes. It owns the replica and lives outside the actor system.
/// </summary>
public sealed class TrainingThread : IDisposable
{
    private readonly BlockingCollection<Action<Replica>> _work = [];
    private readonly Thread _thread;
    private readonly Action<Exception> _failed;

    /// <summary>Starts the thread.</summary>
    /// <param name="threads">Threads of LibTorch's operations (process-wide).</param>
    /// <param name="build">Builds the replica, on the thread.</param>
    /// <param name="failed">Called on the thread when building or work threw; the thread then ends.</param>
    public TrainingThread(int threads, Func<Replica> build, Action<Exception> failed)
    {
        _failed = failed;
        _thread = new Thread(() => Live(threads, build)) { Name = "training", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Queues work on the replica.</summary>
    public void Post(Action<Replica> work) => _work.Add(work);

    private void Live(int threads, Func<Replica> build)
    {
        try
        {
            set_num_threads(threads);
            using Replica replica = build();
            foreach (Action<Replica> work in _work.GetConsumingEnumerable()) work(replica);
        }
#pragma warning disable CA1031 // Whatever went wrong is reported; an exception that leaves a thread would end the process.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _failed(error);
        }
    }

    /// <summary>Ends the thread after the work in progress and waits for it.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _work.Dispose();
    }
}
