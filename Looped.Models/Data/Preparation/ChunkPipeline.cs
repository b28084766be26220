using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// Encodes chunks on several threads and hands the results on in the order of the chunks, so that the outcome does not depend on the
/// number of threads. Only a few chunks are held at a time, whatever the size of the corpus.
/// </summary>
internal static class ChunkPipeline
{
    /// <summary>Runs all chunks.</summary>
    /// <param name="chunks">The chunks; read on the calling thread.</param>
    /// <param name="tokenizer">Encodes them.</param>
    /// <param name="threads">How many chunks are encoded at once.</param>
    /// <param name="sink">Takes each chunk with its ids, in order, on the calling thread.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static void Run(IEnumerable<Chunk> chunks, ITokenizer tokenizer, int threads, Action<Chunk, int[]> sink, CancellationToken cancellation)
    {
        var workers = new TaskFactory(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler);
        var running = new Queue<(Chunk Chunk, Task<int[]> Ids)>();
        try
        {
            foreach (Chunk chunk in chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                if (running.Count > 2 * threads) Finish();
                running.Enqueue((chunk, workers.StartNew(() => chunk.Encode(tokenizer), cancellation)));
            }
            while (running.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                Finish();
            }
        }
        finally
        {
            // After a failure: nothing may use the tokenizer any more when its owner disposes it. The first error is the one reported.
            foreach ((_, Task<int[]> ids) in running) ids.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default).Wait(CancellationToken.None);
        }

        void Finish()
        {
            (Chunk chunk, Task<int[]> ids) = running.Dequeue();
            sink(chunk, ids.GetAwaiter().GetResult());
        }
    }
}
