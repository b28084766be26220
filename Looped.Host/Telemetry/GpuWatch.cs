using System.Diagnostics;
using Looped.Actors.Telemetry;

namespace Looped.Host.Telemetry;

/// <summary>Shows a process's GPU among its instruments. One look serves all of them: they are read one after the other.</summary>
internal static class GpuWatch
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    /// <summary>Shows the GPU until the result is disposed; null where there is none.</summary>
    /// <param name="instruments">The instruments.</param>
    /// <param name="device">The recipe's device, such as <c>cuda:0</c>.</param>
    public static IDisposable? Show(Instruments instruments, string device)
    {
        if (Nvml.Open(device, Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES")) is not { } gpu) return null;
        var gate = new Lock();
        GpuNumbers last = gpu.Read();
        long read = Stopwatch.GetTimestamp();
        return instruments.Gpus.Add(() =>
        {
            lock (gate)
            {
                if (Stopwatch.GetElapsedTime(read) > Fresh) (last, read) = (gpu.Read(), Stopwatch.GetTimestamp());
                return last;
            }
        });
    }
}
