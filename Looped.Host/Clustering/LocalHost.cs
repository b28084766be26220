using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Clustering;

/// <summary>The actor system that lives as long as the command: training, checkpoints, evaluations.</summary>
internal static class LocalHost
{
    /// <summary>Makes a host with an actor system; warnings and errors go to standard error.</summary>
    /// <param name="configure">Puts the actors in.</param>
    /// <param name="logging">Adds to where its log lines go.</param>
    public static IHost Create(Action<AkkaConfigurationBuilder> configure, Action<ILoggingBuilder>? logging = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        // Signals are notices to the run, not orders to the host.
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        AddConsole(builder.Logging);
        logging?.Invoke(builder.Logging);
        builder.Services.AddAkka("looped", akka =>
        {
            akka.ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
                loggers.LogLevel = Akka.Event.LogLevel.WarningLevel;
            });
            configure(akka);
        });
        return builder.Build();
    }

    /// <summary>Warnings and errors, to standard error.</summary>
    public static void AddConsole(ILoggingBuilder logging) =>
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);

    /// <summary>
    /// What the cluster's remoting logs. Nodes that die are this program's daily bread, each with a page of warnings: they are shown only
    /// to those who look for them (LOOPED_DEBUG=1).
    /// </summary>
    public static ILoggerFactory ClusterLoggers() => LoggerFactory.Create(logging =>
    {
        AddConsole(logging);
        if (Environment.GetEnvironmentVariable("LOOPED_DEBUG") is not { Length: > 0 }) logging.SetMinimumLevel(LogLevel.Critical);
    });

    /// <summary>A host that lives as long as the command that started it.</summary>
    private sealed class CommandLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
