using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>
/// The few functions of the CUDA runtime that TorchSharp does not offer, as a table: streams and events belong to the driver, so every
/// copy of the runtime in the process sees the same ones. Each returns 0 for success.
/// </summary>
internal sealed unsafe class CudaApi
{
    /// <summary><c>cudaErrorNotReady</c>: the answer of <see cref="EventQuery"/> while work is under way.</summary>
    public const int NotReady = 600;

    /// <summary><c>cudaStreamNonBlocking</c>: does not wait for the default stream, which carries all work of LibTorch, nor it for us.</summary>
    public const uint NonBlockingStream = 1;

    /// <summary><c>cudaEventDisableTiming</c>.</summary>
    public const uint EventWithoutTiming = 2;

    public required delegate* unmanaged[Cdecl]<int, int> SetDevice { get; init; }

    public required delegate* unmanaged[Cdecl]<nint*, uint, int> StreamCreateWithFlags { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, int> StreamDestroy { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, nint, uint, int> StreamWaitEvent { get; init; }

    public required delegate* unmanaged[Cdecl]<nint*, uint, int> EventCreateWithFlags { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, nint, int> EventRecord { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, int> EventQuery { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, int> EventDestroy { get; init; }

    public required delegate* unmanaged[Cdecl]<int, nint> GetErrorString { get; init; }

    public required delegate* unmanaged[Cdecl]<byte*, int, int, int> DeviceGetPciBusId { get; init; }

    /// <summary>Any of them serves, whichever LibTorch was built with: of the runtime, only what all versions have in common is used.</summary>
    private static readonly string[] SystemNames = ["libcudart.so.12", "libcudart.so.13"];

    /// <summary>Loads the runtime that LibTorch ships (under a hashed name), or else the system's.</summary>
    /// <exception cref="Models.LoopedException">There is none.</exception>
    public static CudaApi Load()
    {
        foreach (string candidate in TorchFiles.Matching("libcudart*.so.*").Concat(SystemNames))
            if (NativeLibrary.TryLoad(candidate, out nint library)) return From(library);
        throw new Models.LoopedException($"The CUDA runtime ({string.Join(" or ", SystemNames)}) is not found: build with -p:TorchBackend=cuda, or let LD_LIBRARY_PATH name the folder that has it.");
    }

    /// <summary>Where a device sits in this machine, as <c>0000:3B:00.0</c>.</summary>
    /// <exception cref="Models.LoopedException">There is no such device.</exception>
    public string BusIdOf(int device)
    {
        const int Length = 32;
        byte* text = stackalloc byte[Length];
        int error = DeviceGetPciBusId(text, Length, device);
        if (error != 0) throw new Models.LoopedException($"GPU {device} cannot be used: {Describe(error)}. `looped doctor` lists the GPUs that can.");
        return Marshal.PtrToStringUTF8((nint)text)!;
    }

    /// <summary>The meaning of an error code.</summary>
    public string Describe(int error) => $"{Marshal.PtrToStringUTF8(GetErrorString(error)) ?? "unknown error"} (cudaError {error})";

    private static CudaApi From(nint library)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        return new()
        {
            SetDevice = (delegate* unmanaged[Cdecl]<int, int>)Export("cudaSetDevice"),
            StreamCreateWithFlags = (delegate* unmanaged[Cdecl]<nint*, uint, int>)Export("cudaStreamCreateWithFlags"),
            StreamDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Export("cudaStreamDestroy"),
            StreamWaitEvent = (delegate* unmanaged[Cdecl]<nint, nint, uint, int>)Export("cudaStreamWaitEvent"),
            EventCreateWithFlags = (delegate* unmanaged[Cdecl]<nint*, uint, int>)Export("cudaEventCreateWithFlags"),
            EventRecord = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export("cudaEventRecord"),
            EventQuery = (delegate* unmanaged[Cdecl]<nint, int>)Export("cudaEventQuery"),
            EventDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Export("cudaEventDestroy"),
            GetErrorString = (delegate* unmanaged[Cdecl]<int, nint>)Export("cudaGetErrorString"),
            DeviceGetPciBusId = (delegate* unmanaged[Cdecl]<byte*, int, int, int>)Export("cudaDeviceGetPCIBusId"),
        };
    }
}
