using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Host.Dashboards;

namespace Looped.Host.Commands;

/// <summary><c>looped dashboard</c>: live telemetry in a browser.</summary>
internal static class DashboardCommand
{
    public static Command Create()
    {
        var page = new Option<int>("--port") { Description = "Port of the page.", HelpName = "PORT", DefaultValueFactory = _ => new DashboardPorts().Page };
        var grpc = new Option<int>("--otlp-port") { Description = "Port that takes OTLP by gRPC.", HelpName = "PORT", DefaultValueFactory = _ => new DashboardPorts().Grpc };
        var http = new Option<int>("--otlp-http-port") { Description = "Port that takes OTLP by HTTP.", HelpName = "PORT", DefaultValueFactory = _ => new DashboardPorts().Http };
        var stop = new Option<bool>("--stop") { Description = "End the dashboard that runs, such as one that `looped train --dashboard` opened." };
        var command = new LoopedCommand("dashboard", "Show metrics, traces and logs of runs live in a browser (the Aspire dashboard, on loopback); runs started meanwhile send to it.")
        {
            Examples = ["looped dashboard", "looped dashboard --stop"],
        };
        foreach (Option option in (Option[])[page, grpc, http, stop]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            DashboardPointer? running = DashboardPointer.Find();
            if (parsed.GetValue(stop))
            {
                running?.End();
                Terminal.Out.WriteLine(running is null ? "No dashboard runs." : $"The dashboard at {running.Page} has ended.");
                return ExitCode.Finished;
            }
            if (running is not null)
            {
                Terminal.Out.WriteLine($"The dashboard runs already: {running.Page}");
                return ExitCode.Finished;
            }
            DashboardPointer pointer = await AspireDashboard.Start(new DashboardPorts(parsed.GetValue(page), parsed.GetValue(grpc), parsed.GetValue(http)));
            Terminal.Out.WriteLine($"Dashboard   {pointer.Page}");
            Terminal.Out.WriteLine($"OTLP        {pointer.Otlp} (gRPC), http://127.0.0.1:{parsed.GetValue(http)} (HTTP)");
            Terminal.Out.WriteLine("Runs started on this machine from now on send to it. Ctrl-C ends it.");
            using var signals = new Training.StopSignals(_ => pointer.End());
            await pointer.Ended();
            pointer.End();
            return ExitCode.Finished;
        });
        return command;
    }
}
