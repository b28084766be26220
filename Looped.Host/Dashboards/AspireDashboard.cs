using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Looped.Host.Training;
using Looped.Models;

namespace Looped.Host.Dashboards;

/// <summary>The ports of a dashboard, all on loopback.</summary>
/// <param name="Page">The web page.</param>
/// <param name="Grpc">OTLP by gRPC.</param>
/// <param name="Http">OTLP by HTTP.</param>
internal sealed record DashboardPorts(int Page = 18888, int Grpc = 4317, int Http = 4318)
{
    /// <summary>The ports with what listens on them, as a user names them.</summary>
    public IEnumerable<(string Option, int Port)> All => [("--port", Page), ("--otlp-port", Grpc), ("--otlp-http-port", Http)];
}

/// <summary>
/// The Aspire dashboard as its NuGet package ships it: one program, no container. It is started apart from this process, so that it outlives
/// the run that opened it; it keeps what it was sent in memory only.
/// </summary>
internal static class AspireDashboard
{
    private const string Program = "Aspire.Dashboard", Metadata = "AspireDashboard";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where the restored package has the program; null where there is no such package.</summary>
    public static string? Executable { get; } = typeof(AspireDashboard).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == Metadata)?.Value is { } folder && File.Exists(Path.Combine(folder, Program)) ? Path.Combine(folder, Program) : null;

    /// <summary>What it says while it runs.</summary>
    private static string Log => Path.Combine(UserFolders.Configuration, "dashboard.log");

    /// <summary>Starts it and waits until its page answers.</summary>
    /// <param name="ports">Where it listens.</param>
    /// <exception cref="LoopedException">A port is taken, the package is not there, or it did not start.</exception>
    public static async Task<DashboardPointer> Start(DashboardPorts ports)
    {
        string program = Executable ?? throw new LoopedException(
            "The Aspire dashboard is not on this machine: its NuGet package (Aspire.Dashboard.Sdk.linux-x64) comes with `dotnet build` and stays in the package folder; build here once.");
        foreach ((string option, int port) in ports.All)
            if (IsTaken(port)) throw new LoopedException($"Port {port} of the dashboard is in use by another program; choose another with {option}.");
        Directory.CreateDirectory(UserFolders.Configuration);
        // A session of its own, so that Ctrl-C of a run in the same terminal does not end it.
        var start = new ProcessStartInfo("setsid", ["sh", "-c", "exec \"$0\" >\"$1\" 2>&1 </dev/null", program, Log]) { WorkingDirectory = Path.GetDirectoryName(program)! };
        foreach ((string name, string value) in Settings(ports)) start.Environment[name] = value;
        using Process process = Process.Start(start) ?? throw new LoopedException($"{program} could not be started.");
        var pointer = new DashboardPointer(process.Id, Url(ports.Page), Url(ports.Grpc));
        await Answers(process, pointer.Page);
        pointer.Write();
        return pointer;
    }

    private static IEnumerable<(string Name, string Value)> Settings(DashboardPorts ports) =>
    [
        ("ASPNETCORE_URLS", Url(ports.Page)), ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Url(ports.Grpc)), ("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", Url(ports.Http)),
        // Everything listens on loopback only.
        ("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS", "true"), ("ASPNETCORE_ENVIRONMENT", "Production"), ("Logging__LogLevel__Default", "Warning"),
    ];

    private static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private static bool IsTaken(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task Answers(Process process, string page)
    {
        using var http = new HttpClient();
        long started = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(started) < Patience)
        {
            try
            {
                using HttpResponseMessage response = await http.GetAsync(new Uri(page));
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(100);
            }
        }
        string last = File.Exists(Log) ? File.ReadLines(Log).LastOrDefault(l => l.Trim().Length > 0)?.Trim() ?? "" : "";
        if (!process.HasExited) process.Kill();
        throw new LoopedException($"The dashboard did not answer at {page} within {Patience.TotalSeconds:0} s ({last}); {Log} has what it said.");
    }
}
