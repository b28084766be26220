using System.CommandLine;
using Looped.Actors.Clustering;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Dashboards;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped worker</c>: offers this machine to a cluster for as long as it lasts.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        Option<string[]> seeds = ClusterOptions.Seeds("A seed of the cluster; may be repeated.", required: true);
        Option<string?> listen = new("--listen") { Description = "The address to listen on; by default that of this machine which reaches the seed.", HelpName = "HOST" };
        Option<string?> secret = ClusterOptions.SecretFile(), advertise = ClusterOptions.Advertise();
        var ports = new Option<string?>("--port-range") { Description = "Ports to choose the worker's two listeners from.", HelpName = "FIRST-LAST" };
        var device = new Option<string?>("--device") { Description = "The device to compute on, such as cpu or cuda:0; the recipe's by default.", HelpName = "DEVICE" };
        var run = new Option<string?>("--run") { Description = "The run folder, if it has another path here than on the seed.", HelpName = "DIR" };
        var grace = new Option<double>("--grace") { Description = "After notice, leave within this many seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 25 };
        var wait = new Option<double>("--wait") { Description = "Wait this many seconds for a seed to answer.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        Option<bool> input = ClusterOptions.UntilInputCloses();
        var command = new LoopedCommand("worker", "Train for a cluster; come and go at any time.")
        {
            Examples = ["looped worker --seed 127.0.0.1:4053", "looped worker --seed node1:4053 --seed node2:4053 --device cuda:0"],
        };
        foreach (Option option in (Option[])[seeds, device, listen, advertise, ports, run, secret, grace, wait, NodeFile.Option(), input]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            if (!(parsed.GetValue(grace) > 0)) throw new UsageException($"--grace is {parsed.GetValue(grace)}; it must be more than 0 seconds.");
            DashboardPointer.Follow();
            IReadOnlyList<NodeAddress> addresses = ClusterOptions.Addresses(parsed.GetValue(seeds));
            string host = parsed.GetValue(listen) ?? LocalAddress.Towards(addresses[0]);
            var here = new NodeAddress(host.Trim('[', ']'), 0);
            var worker = new WorkerProcess(new WorkerOptions
            {
                Seeds = addresses,
                Listen = here,
                Advertise = ListenAddress.Advertised(here, parsed.GetValue(advertise)),
                Ports = parsed.GetValue(ports) is { } range ? ListenAddress.ParseRange(range) : null,
                SecretFile = parsed.GetValue(secret),
                Device = parsed.GetValue(device),
                RunFolder = parsed.GetValue(run),
                Grace = TimeSpan.FromSeconds(parsed.GetValue(grace)),
                Wait = TimeSpan.FromSeconds(parsed.GetValue(wait)),
                UntilInputCloses = parsed.GetValue(input),
                Verbose = LoopedProgram.IsVerbose(parsed),
            });
            return await worker.Run();
        });
        return command;
    }
}
