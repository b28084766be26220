using System.CommandLine;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Dashboards;

namespace Looped.Host.Commands;

/// <summary><c>looped worker</c>: offers this machine to a cluster for as long as it lasts.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var join = new JoinOptions();
        var grace = new Option<double>("--grace") { Description = "After notice, be gone within this many seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 25 };
        Option<bool> input = ClusterOptions.UntilInputCloses();
        var command = new LoopedCommand("worker", "Train for a cluster; come and go at any time.")
        {
            Examples = ["looped worker --seed 127.0.0.1:4053", "looped worker --seed node1:4053 --seed node2:4053 --device cuda:0"],
        };
        foreach (Option option in (Option[])[.. join.All, grace, input]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            TimeSpan after = parsed.GetSeconds(grace);
            DashboardPointer.Follow();
            return await new WorkerProcess(join.Read(parsed) with { Grace = after, UntilInputCloses = parsed.GetValue(input) }).Run();
        });
        return command;
    }
}
