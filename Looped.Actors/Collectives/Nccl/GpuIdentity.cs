using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>Tells GPUs apart across processes and machines: NCCL refuses two ranks on one ("Duplicate GPU detected").</summary>
public static class GpuIdentity
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>A number that two processes share exactly if they compute on the same GPU of the same machine.</summary>
    /// <param name="device">The GPU as CUDA numbers it in this process.</param>
    /// <exception cref="Models.LoopedException">There is no such GPU, or no CUDA runtime.</exception>
    public static long Of(int device) => Hash(File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : Environment.MachineName, CudaApi.Load().BusIdOf(device));

    internal static long Hash(string machine, string bus) =>
        BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{machine} {bus}")));
}
