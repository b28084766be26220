using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>
/// The functions of NCCL that are used, as a table: from a loaded library, or from a test's own functions. Every call may block, so none
/// suppresses the transition that lets the garbage collector go on meanwhile. There is no <c>ncclCommDestroy</c>: it may hang after a
/// failure, and <c>ncclCommAbort</c> ends a healthy communicator as well.
/// </summary>
internal sealed unsafe class NcclApi
{
    public required delegate* unmanaged[Cdecl]<int*, NcclResult> GetVersion { get; init; }

    public required delegate* unmanaged[Cdecl]<NcclResult, nint> GetErrorString { get; init; }

    /// <summary>The text of the last error of the process; null if the library has none.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> GetLastError { get; init; }

    public required delegate* unmanaged[Cdecl]<NcclUniqueId*, NcclResult> GetUniqueId { get; init; }

    public required delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, NcclConfig*, NcclResult> CommInitRankConfig { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, NcclResult*, NcclResult> CommGetAsyncError { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, NcclResult> CommAbort { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, nint, nuint, NcclDataType, NcclOperation, nint, nint, NcclResult> AllReduce { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, nint, nuint, NcclDataType, int, nint, nint, NcclResult> Broadcast { get; init; }

    /// <summary>Binds the functions of a loaded library; null if it is no NCCL, or one without non-blocking communicators (before 2.14).</summary>
    public static NcclApi? From(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "ncclGetVersion", out nint version) ||
            !NativeLibrary.TryGetExport(library, "ncclCommInitRankConfig", out nint init)) return null;
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        NativeLibrary.TryGetExport(library, "ncclGetLastError", out nint lastError);
        return new()
        {
            GetVersion = (delegate* unmanaged[Cdecl]<int*, NcclResult>)version,
            GetErrorString = (delegate* unmanaged[Cdecl]<NcclResult, nint>)Export("ncclGetErrorString"),
            GetLastError = (delegate* unmanaged[Cdecl]<nint, nint>)lastError,
            GetUniqueId = (delegate* unmanaged[Cdecl]<NcclUniqueId*, NcclResult>)Export("ncclGetUniqueId"),
            CommInitRankConfig = (delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, NcclConfig*, NcclResult>)init,
            CommGetAsyncError = (delegate* unmanaged[Cdecl]<nint, NcclResult*, NcclResult>)Export("ncclCommGetAsyncError"),
            CommAbort = (delegate* unmanaged[Cdecl]<nint, NcclResult>)Export("ncclCommAbort"),
            AllReduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, NcclDataType, NcclOperation, nint, nint, NcclResult>)Export("ncclAllReduce"),
            Broadcast = (delegate* unmanaged[Cdecl]<nint, nint, nuint, NcclDataType, int, nint, nint, NcclResult>)Export("ncclBroadcast"),
        };
    }

    /// <summary>The meaning of a result, with the library's own words on what went wrong.</summary>
    public string Describe(NcclResult result)
    {
        string meaning = Text(GetErrorString(result)) ?? "unknown error";
        string? last = GetLastError == null ? null : Text(GetLastError(0));
        return string.IsNullOrWhiteSpace(last) ? $"{meaning} ({result})" : $"{meaning} ({result}): {last.Trim()}";
    }

    /// <summary>The library owns the text.</summary>
    private static string? Text(nint text) => Marshal.PtrToStringUTF8(text);
}
