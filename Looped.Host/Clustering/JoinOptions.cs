using System.CommandLine;
using Looped.Actors.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;

namespace Looped.Host.Clustering;

/// <summary>What a worker and an evaluator are told alike: whom to join, where to be reached, on what to compute.</summary>
internal sealed class JoinOptions
{
    private readonly Option<string[]> _seeds = ClusterOptions.Seeds("A seed of the cluster; may be repeated.", required: true);
    private readonly Option<string?> _secret = ClusterOptions.SecretFile(), _advertise = ClusterOptions.Advertise();
    private readonly Option<string?> _device = new("--device") { Description = "The device to compute on, such as cpu or cuda:0; the recipe's by default.", HelpName = "DEVICE" };
    private readonly Option<string?> _listen = new("--listen") { Description = "The address to listen on; by default that of this machine which reaches the seed.", HelpName = "HOST" };
    private readonly Option<string?> _ports = new("--port-range") { Description = "Ports to listen on.", HelpName = "FIRST-LAST" };
    private readonly Option<string?> _run = new("--run") { Description = "The run folder, if it has another path here than on the seed.", HelpName = "DIR" };
    private readonly Option<double> _wait = ClusterOptions.Wait(60);

    /// <summary>All of them, for the command.</summary>
    public IReadOnlyList<Option> All => [_seeds, _device, _listen, _advertise, _ports, _run, _secret, _wait, NodeFile.Option()];

    /// <summary>What was typed.</summary>
    /// <exception cref="Models.LoopedException">An address, a range or a time is none, the device cannot be computed on, or no seed can be reached.</exception>
    public WorkerOptions Read(ParseResult parsed)
    {
        TimeSpan wait = parsed.GetSeconds(_wait);
        if (parsed.GetValue(_device) is { } device) GpuChecks.Require(device, _device.Name);
        IReadOnlyList<NodeAddress> seeds = ClusterOptions.Addresses(parsed.GetValue(_seeds));
        NodeAddress here = parsed.GetValue(_listen) is { } listen ? LocalAddress.Known(new NodeAddress(listen.Trim('[', ']'), 0))
            : new NodeAddress(LocalAddress.Towards(seeds, "say where to listen with --listen HOST"), 0);
        return new WorkerOptions
        {
            Seeds = seeds,
            Listen = here,
            Advertise = ListenAddress.Advertised(here, parsed.GetValue(_advertise)),
            Ports = parsed.GetValue(_ports) is { } range ? ListenAddress.ParseRange(range) : null,
            SecretFile = parsed.GetValue(_secret),
            Device = parsed.GetValue(_device),
            RunFolder = parsed.GetValue(_run),
            Wait = wait,
            Verbose = LoopedProgram.IsVerbose(parsed),
        };
    }
}
