using System.CommandLine;
using Looped.Actors.Clustering;
using Looped.Actors.Runs;
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
        Option<double> wait = ClusterOptions.Wait(15);
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        Option<bool> watch = new("--watch", "-w") { Description = "Look again and again until the run is over; on a terminal, a live picture." };
        Option<double> every = new("--every") { Description = "With --watch: look again after this many seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 1 };
        var command = new LoopedCommand("status", "Show how a run stands: step, loss, speed, last checkpoint, who has it.")
        {
            Examples = ["looped status runs/quickstart", "looped status runs/quickstart --watch", "looped status runs/quickstart --json", "looped status --seed 127.0.0.1:4053 --watch"],
        };
        command.Add(run);
        foreach (Option option in (Option[])[watch, every, seeds, secret, wait, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            TimeSpan patience = parsed.GetSeconds(wait);
            var screen = new StatusWatch(Terminal.Out, parsed.GetSeconds(every), parsed.GetValue(json));
            if (parsed.GetValue(seeds) is { Length: > 0 } addresses)
            {
                if (parsed.GetValue(run) is { } other) throw new UsageException($"Say either which run, {other}, or which cluster, with --seed: they are looked at in different ways.");
                IReadOnlyList<NodeAddress> at = ClusterOptions.Addresses(addresses);
                if (parsed.GetValue(watch)) await screen.Follow(at, parsed.GetValue(secret), patience);
                else Show(await ClusterVisit.Look(at, parsed.GetValue(secret), patience), parsed.GetValue(json));
                return ExitCode.Finished;
            }
            if (parsed.GetValue(run) is not { } name) throw new UsageException("Say which run, such as looped status runs/quickstart, or which cluster, with --seed HOST:PORT.");
            RunFolder folder = RunArgument.Find(name);
            if (parsed.GetValue(watch)) await screen.Follow(folder);
            else Show(RunState.Read(folder), parsed.GetValue(json));
            return ExitCode.Finished;
        });
        return command;
    }

    private static void Show(ClusterPicture picture, bool json)
    {
        if (json) Terminal.Out.WriteJson(ClusterLines.Json(picture));
        else foreach (string line in ClusterLines.Of(picture)) Terminal.Out.WriteLine(line);
    }

    private static void Show(RunState state, bool json)
    {
        if (json) Terminal.Out.WriteJson(InspectionJson.ToNode(state));
        else foreach (string line in Lines(state)) Terminal.Out.WriteLine(line);
    }

    /// <summary>What a person reads.</summary>
    internal static IEnumerable<string> Lines(RunState state)
    {
        yield return $"{state.Name}: {state.Sentence}";
        if (state.Status != "imported") yield return Line("step", state.TotalSteps is { } total ? $"{state.Step:N0} of {total:N0} ({100.0 * state.Step / total:0} %), {state.Tokens:N0} tokens" : $"{state.Step}");
        if (state.Loss is { } loss) yield return Line("loss", $"{loss:0.0000}{(state.LearningRate is { } rate ? $", learning rate {rate:0.##e-0}" : "")}");
        if (state.Validation is { } v) yield return Line("validation", $"perplexity {v.Perplexity:0.00} (loss {v.Loss:0.0000}) at step {v.Step:N0}");
        if (state.TokensPerSecond is { } speed) yield return Line("speed", $"{speed:N0} tokens/s{(state.SecondsLeft is { } s ? $", {Duration(s)} left" : "")}");
        if (state is { Generation: { } generation, WorldSize: { } world }) yield return Line("generation", $"{generation}, {(world == 1 ? "1 worker" : $"{world} workers")}");
        yield return Line("checkpoint", state.Checkpoint switch
        {
            null => "none yet",
            { Verified: true } c => $"step {c.Step:N0}, verified ({c.Path})",
            { Fallback: { } fallback } c => $"step {c.Step:N0} cannot be used: {c.Problem}; the next start uses {fallback}",
            { } c => $"step {c.Step:N0} cannot be used: {c.Problem}; no other one is whole, so the next start begins anew",
        });
        foreach (RunEvent happened in state.Events) yield return Line(FormattableString.Invariant($"{happened.Time:HH:mm:ss}"), EventText.Of(happened));
        foreach (string gap in state.Gaps) yield return Line("missing", gap);
    }

    private static string Line(string label, string text) => $"  {label,-12}{text}";

    private static string Duration(double seconds) => seconds < 90 ? $"{seconds:0} s" : seconds < 5400 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h";
}
