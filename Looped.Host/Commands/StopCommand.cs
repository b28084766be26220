using System.CommandLine;
using Looped.Actors.Supervision;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;

namespace Looped.Host.Commands;

/// <summary><c>looped stop</c>: ends a cluster's run cleanly, with a checkpoint.</summary>
internal static class StopCommand
{
    public static Command Create()
    {
        Option<string[]> seeds = ClusterOptions.Seeds("A seed of the cluster; may be repeated.", required: true);
        Option<string?> secret = ClusterOptions.SecretFile();
        Option<double> wait = ClusterOptions.Wait(15);
        var command = new LoopedCommand("stop", "End a cluster's run after the step in progress, with a checkpoint; seeds and workers exit.")
        {
            Examples = ["looped stop --seed 127.0.0.1:4053"],
        };
        foreach (Option option in (Option[])[seeds, secret, wait]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            ClusterPicture picture = await ClusterVisit.Stop(ClusterOptions.Addresses(parsed.GetValue(seeds)), parsed.GetValue(secret), parsed.GetSeconds(wait));
            Terminal.Out.WriteLine(picture.Ended!.Outcome == RunOutcome.Finished
                ? $"{picture.Run} is finished: {picture.Ended.Step} steps."
                : $"{picture.Run} stopped after step {picture.Ended.Step} of {picture.Steps}; start its seed and workers again to continue.");
            return ExitCode.Finished;
        });
        return command;
    }
}
