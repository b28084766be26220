using System.Globalization;
using Looped.Actors.Logging;
using Looped.Actors.Runs;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace Looped.Host.Logging;

/// <summary>
/// The log file of a process in the run folder: `logs/ROLE-HOST-PROCESS.log`, a line for people with the fields for programs at its end. A log
/// that cannot be written never disturbs the run.
/// </summary>
internal sealed class ProcessLog : IDisposable, ILogEventEnricher
{
    private const string Template = "{UtcTimestamp:yyyy-MM-ddTHH:mm:ss.fff}Z {Level:u4} {Message:lj}  {Properties:j}{NewLine}{Exception}";

    private readonly Logger _file;

    private ProcessLog(RunFolder folder, string role, bool verbose, Action<ILoggingBuilder>? also)
    {
        string path = Path.Combine(folder.Logs, string.Create(CultureInfo.InvariantCulture, $"{role}-{Environment.MachineName}-{Environment.ProcessId}.log"));
        _file = new LoggerConfiguration().MinimumLevel.Is(verbose ? LogEventLevel.Debug : LogEventLevel.Information).Enrich.With(this)
            .WriteTo.File(path, outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Infinite, fileSizeLimitBytes: null)
            .CreateLogger();
        Factory = LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Information).AddSerilog(_file);
            also?.Invoke(logging);
        });
        Run = new RunLogger(Factory.CreateLogger("Looped.Run"), new RunScope(folder.Name, role));
    }

    /// <summary>Where libraries log to.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>Where the run's own lines go.</summary>
    public RunLogger Run { get; }

    /// <summary>Opens the log of this process.</summary>
    /// <param name="folder">The run folder, which exists.</param>
    /// <param name="role">`train`, `seed`, `worker` or `evaluator`.</param>
    /// <param name="verbose">Whether every step is logged.</param>
    /// <param name="also">Where else lines go.</param>
    public static ProcessLog Open(RunFolder folder, string role, bool verbose, Action<ILoggingBuilder>? also = null) => new(folder, role, verbose, also);

    /// <summary>Lines of libraries have the scope of the moment too.</summary>
    void ILogEventEnricher.Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach ((string name, object? value) in Run.Scope.Fields) logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty(name, value));
    }

    /// <summary>Lets other loggers of this process write to the file as well.</summary>
    public void Join(ILoggingBuilder logging) => logging.AddSerilog(_file);

    public void Dispose()
    {
        Factory.Dispose();
        _file.Dispose();
    }
}
