namespace Looped.Actors.Collectives.Nccl;

/// <summary>
/// One thread that alone touches a communicator, and ends it. It runs one job at a time for callers that wait, and ends, with the final action
/// as its last, when it is told to stop or when a job fails; a caller learns of the failure after the final action. So a communicator is freed
/// at once when a peer is lost, even while the caller is busy elsewhere.
/// </summary>
internal sealed class OwnerThread
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _posted = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action _finally;
    private readonly CancellationToken _stop;
    private Job? _next;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name, for debuggers.</param>
    /// <param name="final">Runs on the thread, last; does not throw.</param>
    /// <param name="stop">Ends the thread; jobs that may take long watch it too.</param>
    public OwnerThread(string name, Action final, CancellationToken stop)
    {
        (_finally, _stop) = (final, stop);
        new Thread(Live) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Runs a job on the thread and waits for it.</summary>
    /// <exception cref="CollectiveBrokenException">The thread has ended; or else whatever the job threw.</exception>
    public void Run(Action action)
    {
        var job = new Job(action);
        lock (_gate) _next = job;
        _posted.Release();
        Task.WaitAny(job.Done.Task, _ended.Task);
        if (!job.Done.Task.IsCompleted) throw new CollectiveBrokenException("The NCCL communicator of this generation has ended.");
        job.Done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Waits until the final action has run; whoever calls it has cancelled <c>stop</c>.</summary>
    /// <param name="limit">How long; a thread that takes longer ends on its own.</param>
    public void Join(TimeSpan limit) => _ended.Task.Wait(limit);

    private void Live()
    {
        (Job Job, Exception Failure)? failed = null;
        try
        {
            while (failed is null)
            {
                _posted.Wait(_stop);
                Job job;
                lock (_gate) job = _next!;
                if (job.Attempt() is { } failure) failed = (job, failure);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
        _finally();
        failed?.Job.Done.SetException(failed.Value.Failure);
        _ended.SetResult();
    }

    private sealed record Job(Action Action)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Runs; gives back what was thrown.</summary>
        public Exception? Attempt()
        {
#pragma warning disable CA1031 // Whatever it is, the caller gets it, on the caller's own thread.
            try
            {
                Action();
                Done.SetResult();
                return null;
            }
            catch (Exception failure)
            {
                return failure;
            }
#pragma warning restore CA1031
        }
    }
}
