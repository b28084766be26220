using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Host.Benchmarks;
using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped bench ring</c>: all-reduce between processes of this machine.</summary>
internal static class BenchRingCommand
{
    private static Option<int> Megabytes() => new("--megabytes") { Description = "Size of the buffer, in 10⁶ bytes of float32.", DefaultValueFactory = _ => 40 };

    private static Option<int> Rounds() => new("--rounds") { Description = "Measured all-reduces.", DefaultValueFactory = _ => 5 };

    private static Option<bool> Tcp() => new("--tcp") { Description = "Go over the TCP ring, as between hosts, instead of through memory that the processes share." };

    public static Command Create()
    {
        var world = new Option<int>("--world") { Description = "Processes in the ring.", DefaultValueFactory = _ => 2 };
        Option<int> megabytes = Megabytes(), rounds = Rounds();
        Option<bool> tcp = Tcp();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("ring", "Measure all-reduce between processes of this machine, through shared memory or over the TCP ring, and gloo's where PyTorch is there.")
        {
            Examples = ["looped bench ring", "looped bench ring --tcp", "looped bench ring --world 4 --megabytes 400 --rounds 3"],
            Options = { world, megabytes, rounds, tcp, json },
        };
        command.SetAction(async (parsed, cancel) =>
        {
            int ranks = parsed.GetValue(world), size = parsed.GetValue(megabytes), count = parsed.GetValue(rounds);
            if (ranks is < 2 or > 64) throw new UsageException("--world must be between 2 and 64.");
            if (size < 1 || count < 1) throw new UsageException("--megabytes and --rounds must be at least 1.");
            RingBenchmarkTimes ring = await new RingBenchmark(ranks, size, count, parsed.GetValue(tcp)).Run(cancel);
            double? gloo = await GlooBenchmark.Run(ranks, size, count, cancel);
            double median = (ring.Large.Order().ElementAt((count - 1) / 2) + ring.Large.Order().ElementAt(count / 2)) / 2;
            double Speed(double seconds) => size / 1000.0 / seconds;
            if (parsed.GetValue(json))
            {
                Terminal.Out.WriteJson(new JsonObject
                {
                    ["world"] = ranks,
                    ["tcp"] = parsed.GetValue(tcp),
                    ["megabytes"] = size,
                    ["ring_gigabytes_per_second"] = Speed(median),
                    ["ring_rounds"] = new JsonArray([.. ring.Large.Select(s => JsonValue.Create(Speed(s)))]),
                    ["ring_small_microseconds"] = 1e6 * ring.Small,
                    ["gloo_gigabytes_per_second"] = gloo is { } other ? Speed(other) : null,
                });
                return ExitCode.Finished;
            }
            Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(parsed.GetValue(tcp) ? "ring over TCP" : "shared memory")}, {ranks} processes, {size} MB: {Speed(median):0.00} GB/s (rounds {Speed(ring.Large.Max()):0.00} … {Speed(ring.Large.Min()):0.00}); 8 bytes take {1e6 * ring.Small:0} µs"));
            Terminal.Out.WriteLine(gloo is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"gloo, {ranks} processes, {size} MB: {Speed(seconds):0.00} GB/s")
                : "gloo was not measured: python3 here has no PyTorch with gloo");
            return ExitCode.Finished;
        });
        return command;
    }

    /// <summary>One rank of it: started by the program itself.</summary>
    public static Command CreateRank()
    {
        var rank = new Option<int>("--rank") { Description = "Which rank." };
        Option<int> megabytes = Megabytes(), rounds = Rounds();
        Option<bool> tcp = Tcp();
        var command = new LoopedCommand(RingBenchmark.RankCommand, "One rank of `looped bench ring`, which starts it and talks to it.")
        {
            Hidden = true,
            Examples = ["looped bench ring-rank --rank 0"],
            Options = { rank, megabytes, rounds, tcp },
        };
        command.SetAction(parsed =>
        {
            RingRank.Run(parsed.GetValue(rank), parsed.GetValue(megabytes), parsed.GetValue(rounds), parsed.GetValue(tcp), Console.In, Console.Out);
            return ExitCode.Finished;
        });
        return command;
    }
}
