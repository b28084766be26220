using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Looped.Host.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Dashboards;

/// <summary>
/// The running dashboard of this user, kept in the configuration folder: new runs find it there and send their signals to it, unless the
/// standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to send them.
/// </summary>
/// <param name="Process">Its process id.</param>
/// <param name="Page">Address of its page.</param>
/// <param name="Otlp">Where it takes OTLP by gRPC.</param>
internal sealed record DashboardPointer(int Process, string Page, string Otlp)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    private static string FilePath => Path.Combine(UserFolders.Configuration, "dashboard.json");

    /// <summary>The dashboard that runs; null if there is none. A file that one has left behind is removed.</summary>
    public static DashboardPointer? Find()
    {
        if (!File.Exists(FilePath)) return null;
        DashboardPointer? found = Read();
        if (found?.Runs == true) return found;
        File.Delete(FilePath);
        return null;
    }

    /// <summary>Sends this process's signals, and those of its children, to the dashboard that runs, unless they go elsewhere already.</summary>
    /// <returns>The dashboard, or null if nothing was changed.</returns>
    public static DashboardPointer? Follow()
    {
        if (Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 } || Find() is not { } found) return null;
        Environment.SetEnvironmentVariable(Endpoint, found.Otlp);
        Environment.SetEnvironmentVariable(Protocol, "grpc");
        return found;
    }

    /// <summary>Whether the process lives and is the dashboard.</summary>
    [JsonIgnore]
    public bool Runs => Named() is not null;

    /// <summary>Keeps it for others to find.</summary>
    public void Write() => DurableFiles.WriteAtomically(FilePath, JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>Ends the dashboard.</summary>
    public void End()
    {
        using Process? process = Named();
        process?.Kill();
        process?.WaitForExit();
        File.Delete(FilePath);
    }

    /// <summary>Completes when it has ended.</summary>
    public async Task Ended()
    {
        using Process? process = Named();
        if (process is not null) await process.WaitForExitAsync();
    }

    private static DashboardPointer? Read()
    {
        try
        {
            return JsonSerializer.Deserialize<DashboardPointer>(File.ReadAllBytes(FilePath));
        }
        catch (JsonException)
        {
            // Not ours, or cut off: the same as none.
            return null;
        }
    }

    private Process? Named()
    {
        try
        {
            var process = System.Diagnostics.Process.GetProcessById(Process);
            // The kernel keeps the first 15 letters of a name. A zombie has ended.
            if (!process.HasExited && process.ProcessName.StartsWith("Aspire.Dashboa", StringComparison.Ordinal)) return process;
            process.Dispose();
        }
        catch (ArgumentException)
        {
            // There is no such process.
        }
        return null;
    }
}
