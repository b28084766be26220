using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.Benchmarks.Supervision;
using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped bench supervisor</c>: what decisions cost with thousands of workers, and what a preemption trace leaves of their time.</summary>
internal static class BenchSupervisorCommand
{
    public static Command Create()
    {
        var workers = new Option<string>("--workers") { Description = "How many workers, such as 1000,4000.", DefaultValueFactory = _ => "1000,4000" };
        var trace = new Option<string?>("--trace") { Description = "Replay a preemption trace instead: p3, g4dn, or a file." };
        var step = new Option<double>("--step-seconds") { Description = "With a trace: a step's duration with all workers.", DefaultValueFactory = _ => 5 };
        var state = new Option<double>("--state-megabytes") { Description = "With a trace: what a newcomer copies, in 10⁶ bytes.", DefaultValueFactory = _ => 1000 };
        var speed = new Option<double>("--megabytes-per-second") { Description = "With a trace: how fast it is copied.", DefaultValueFactory = _ => 1000 };
        var notice = new Option<bool>("--notice") { Description = "With a trace: workers have notice before they go." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("supervisor", "Measure the supervisor's decisions against modelled workers in virtual time.")
        {
            Examples = ["looped bench supervisor --workers 1000,4000", "looped bench supervisor --trace p3 --step-seconds 5 --state-megabytes 1000"],
            Options = { workers, trace, step, state, speed, notice, json },
        };
        command.SetAction((parsed, _) =>
        {
            if (parsed.GetValue(trace) is { } file)
            {
                double seconds = parsed.GetValue(step), megabytes = parsed.GetValue(state), rate = parsed.GetValue(speed);
                if (!(seconds > 0 && megabytes >= 0 && rate > 0)) throw new UsageException("--step-seconds, --state-megabytes and --megabytes-per-second must be positive.");
                GoodputResult result = SupervisorBenchmark.Goodput(PreemptionTrace.Read(file), seconds, megabytes, rate, parsed.GetValue(notice));
                if (parsed.GetValue(json)) Terminal.Out.WriteJson(Json(result));
                else Print(result);
                return Task.FromResult((int)ExitCode.Finished);
            }
            ScaleResult[] results = [.. Counts(parsed.GetValue(workers)!).Select(SupervisorBenchmark.Scale)];
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(new JsonObject { ["scales"] = new JsonArray([.. results.Select(Json)]) });
            else foreach (ScaleResult result in results) Print(result);
            return Task.FromResult((int)ExitCode.Finished);
        });
        return command;
    }

    private static IEnumerable<int> Counts(string list)
    {
        foreach (string one in list.Split(','))
            yield return int.TryParse(one, CultureInfo.InvariantCulture, out int count) && count is >= 2 and <= 4096 ? count
                : throw new UsageException($"--workers takes numbers from 2 to 4096, such as 1000,4000, and not {one}.");
    }

    private static void Print(ScaleResult r) => Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{r.Workers,5} workers: {r.Decisions:N0} decisions in two minutes, median {r.MedianMicroseconds:0.0} µs, p99 {r.P99Microseconds:0} µs, longest {r.LongestMilliseconds:0} ms; "
        + $"{r.Regroups} regroups, {r.MessagesPerRegroup:N0} messages each ({r.MessagesPerRegroup / r.Workers:0.0} a worker); busy {100 * r.BusyShare:0.0} % of the time"));

    private static void Print(GoodputResult r) => Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{r.Trace}: {r.Hours:0.0} h, at most {r.MostWorkers} workers, {r.Steps:N0} steps, {r.Regroups} regroups\n"
        + $"goodput {100 * r.Goodput:0.00} % of the workers' time; lost work {100 * r.Lost:0.00} %, regroup {100 * r.Regroup:0.00} %, copying {100 * r.Copying:0.00} %, waiting {100 * r.Waiting:0.00} %"));

    private static JsonObject Json(ScaleResult r) => new()
    {
        ["workers"] = r.Workers,
        ["decisions"] = r.Decisions,
        ["median_microseconds"] = r.MedianMicroseconds,
        ["p99_microseconds"] = r.P99Microseconds,
        ["longest_milliseconds"] = r.LongestMilliseconds,
        ["regroups"] = r.Regroups,
        ["messages_per_regroup"] = r.MessagesPerRegroup,
        ["busy_share"] = r.BusyShare,
    };

    private static JsonObject Json(GoodputResult r) => new()
    {
        ["trace"] = r.Trace,
        ["hours"] = r.Hours,
        ["workers"] = r.MostWorkers,
        ["steps"] = r.Steps,
        ["regroups"] = r.Regroups,
        ["goodput"] = r.Goodput,
        ["lost"] = r.Lost,
        ["regroup"] = r.Regroup,
        ["copying"] = r.Copying,
        ["waiting"] = r.Waiting,
    };
}
