using System.CommandLine;
using Looped.Actors.Clustering;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;

namespace Looped.Host.Commands;

/// <summary><c>looped evaluator</c>: measures a cluster's checkpoints on a machine of its own.</summary>
internal static class EvaluatorCommand
{
    public static Command Create()
    {
        Option<string[]> seeds = ClusterOptions.Seeds("A seed of the cluster; may be repeated.", required: true);
        Option<string?> secret = ClusterOptions.SecretFile();
        var device = new Option<string?>("--device") { Description = "The device to compute on; the recipe's by default.", HelpName = "DEVICE" };
        var run = new Option<string?>("--run") { Description = "The run folder, if it has another path here than on the seed.", HelpName = "DIR" };
        var wait = new Option<double>("--wait") { Description = "Wait this many seconds for a seed to answer.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        var command = new LoopedCommand("evaluator", "Measure the validation loss of a cluster's checkpoints; with evaluation.every=0 nobody else does.")
        {
            Examples = ["looped evaluator --seed 127.0.0.1:4053"],
        };
        foreach (Option option in (Option[])[seeds, device, run, secret, wait]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            IReadOnlyList<NodeAddress> addresses = ClusterOptions.Addresses(parsed.GetValue(seeds));
            var evaluator = new EvaluatorProcess(new WorkerOptions
            {
                Seeds = addresses,
                Listen = new NodeAddress(LocalAddress.Towards(addresses[0]), 0),
                SecretFile = parsed.GetValue(secret),
                Device = parsed.GetValue(device),
                RunFolder = parsed.GetValue(run),
                Wait = TimeSpan.FromSeconds(parsed.GetValue(wait)),
                Verbose = LoopedProgram.IsVerbose(parsed),
            });
            return await evaluator.Run();
        });
        return command;
    }
}
