using System.CommandLine;
using Looped.Actors.Supervision;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary>`looped status RUN`: how a run stands.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Argument<string?> run = new("RUN") { Description = "A run folder, or its name below runs/.", Arity = ArgumentArity.ZeroOrOne };
        Option<string[]> seeds = ClusterOptions.Seeds("Ask the cluster of this seed instead of looking at a run folder; may be repeated.", required: false);
        Option<string?> secret = ClusterOptions.SecretFile();
        var wait = new Option<double>("--wait") { Description = "Wait this many seconds for a seed to answer.", HelpName = "SECONDS", DefaultValueFactory = _ => 15 };
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        var command = new LoopedCommand("status", "Show how a run stands: step, loss, speed, last checkpoint, who has it.")
        {
            Examples = ["looped status runs/quickstart", "looped status runs/quickstart --json", "looped status --seed 127.0.0.1:4053"],
        };
        command.Add(run);
        foreach (Option option in (Option[])[seeds, secret, wait, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(seeds) is { Length: > 0 } addresses)
            {
                ClusterPicture picture = await ClusterVisit.Look(ClusterOptions.Addresses(addresses), parsed.GetValue(secret), TimeSpan.FromSeconds(parsed.GetValue(wait)));
                if (parsed.GetValue(json)) Terminal.Out.WriteJson(InspectionJson.ToNode(picture));
                else foreach (string line in ClusterLines.Of(picture)) Terminal.Out.WriteLine(line);
                return ExitCode.Finished;
            }
            if (parsed.GetValue(run) is not { } name) throw new UsageException("Say which run, such as looped status runs/quickstart, or which cluster, with --seed HOST:PORT.");
            RunState state = RunState.Read(RunArgument.Find(name));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(InspectionJson.ToNode(state));
            else foreach (string line in Lines(state)) Terminal.Out.WriteLine(line);
            return ExitCode.Finished;
        });
        return command;
    }

    /// <summary>What a person reads.</summary>
    internal static IEnumerable<string> Lines(RunState state)
    {
        yield return $"{state.Name}: {Describe(state)}";
        yield return Line("step", state.TotalSteps is { } total ? $"{state.Step:N0} of {total:N0} ({100.0 * state.Step / total:0} %), {state.Tokens:N0} tokens" : $"{state.Step}");
        if (state.Loss is { } loss) yield return Line("loss", $"{loss:0.0000}, learning rate {state.LearningRate:0.##e-0}");
        if (state.Validation is { } v) yield return Line("validation", $"perplexity {v.Perplexity:0.00} (loss {v.Loss:0.0000}) at step {v.Step:N0}");
        if (state.TokensPerSecond is { } speed) yield return Line("speed", $"{speed:N0} tokens/s{(state.SecondsLeft is { } s ? $", {Duration(s)} left" : "")}");
        yield return Line("checkpoint", state.Checkpoint switch
        {
            null => "none yet",
            { Verified: true } c => $"step {c.Step:N0}, verified ({c.Path})",
            { Fallback: { } fallback } c => $"step {c.Step:N0} cannot be used: {c.Problem}; the next start uses {fallback}",
            { } c => $"step {c.Step:N0} cannot be used: {c.Problem}; no other one is whole, so the next start begins anew",
        });
    }

    private static string Describe(RunState state) => state switch
    {
        { Status: "running", Owner: { } owner } => $"running ({owner})",
        { Status: "stopped" } => "stopped without a summary; the same train command goes on from the last checkpoint",
        { Status: "interrupted" } => "interrupted; the same train command goes on from the last checkpoint",
        { Status: "failed", Error: { } error } => $"failed: {error}",
        _ => state.Status,
    };

    private static string Line(string label, string text) => $"  {label,-12}{text}";

    private static string Duration(double seconds) => seconds < 90 ? $"{seconds:0} s" : seconds < 5400 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h";
}
