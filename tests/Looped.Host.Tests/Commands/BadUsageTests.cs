using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Tests.Commands;

/// <summary>Command lines that parse and mean nothing: refused in a sentence before anything begins.</summary>
public class BadUsageTests
{
    private static Task<int> Run(string[] args) =>
        LoopedProgram.CreateRoot(CommandList.All).Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });

    private static async Task Refused(string sentence, string[] args) =>
        Assert.StartsWith(sentence, (await Assert.ThrowsAsync<UsageException>(() => Run(args))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("worker"), InlineData("evaluator")]
    public Task A_device_that_is_none_is_refused_before_a_seed_is_looked_for(string command) =>
        Refused("--device must be cpu, cuda or cuda:N, not 'cudda'; did you mean 'cuda'?", [command, "--seed", "nosuch.invalid:4053", "--device", "cudda"]);

    [Theory]
    [InlineData("training.device is cuda", "chaos", "demo", "--random-seed", "1", "--set", "training.device=cuda")]
    [InlineData("--device is cuda:0", "worker", "--seed", "127.0.0.1:1", "--device", "cuda:0")]
    public Task A_GPU_that_is_not_there_is_said_before_anything_begins(string sentence, params string[] args)
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "there is a GPU");
        return Refused(sentence, args);
    }

    [Theory]
    [InlineData("NaN", "NaN"), InlineData("1e20", "1E+20"), InlineData("-1", "-1"), InlineData("0", "0"), InlineData("1000001", "1000001")]
    public async Task A_time_that_cannot_be_waited_for_is_refused(string typed, string said)
    {
        string[] seed = ["--seed", "127.0.0.1:1"];
        string[][] lines = [["worker", .. seed, "--wait"], ["worker", .. seed, "--grace"], ["evaluator", .. seed, "--wait"], ["status", .. seed, "--wait"], ["status", "--every"], ["stop", .. seed, "--wait"]];
        foreach (string[] line in lines) await Refused($"{line[^1]} is {said}; it must be more than 0 seconds, and a million at most.", [.. line, typed]);
    }

    [Theory]
    [InlineData("chaos", "demo", "--random-seed", "1")]
    [InlineData("seed", "demo")]
    [InlineData("train", "demo")]
    public async Task More_workers_than_micro_batches_are_refused(params string[] command)
    {
        await Refused("--workers is 13, but a step has only 12 micro-batches to share out", [.. command, "--workers", "13"]);
        await Refused("--workers is 0; it must be at least 1.", [.. command, "--workers", "0"]);
    }

    [Theory]
    [InlineData("Say either which run, runs/demo, or which cluster", "status", "runs/demo", "--seed", "127.0.0.1:1")]
    [InlineData("--time-scale belongs to --trace FILE", "chaos", "demo", "--random-seed", "1", "--time-scale", "5")]
    [InlineData("--workers-at-most belongs to --trace FILE", "chaos", "demo", "--random-seed", "1", "--workers-at-most", "4")]
    [InlineData("--workers belongs to --random-seed N", "chaos", "demo", "--trace", "p3.csv", "--workers", "3")]
    [InlineData("--json is for --dry-run", "train", "demo", "--json")]
    public Task An_option_that_would_change_nothing_is_refused(string sentence, params string[] args) => Refused(sentence, args);

    [Theory]
    [InlineData("seed", "demo", "--listen", "nosuch.invalid:4053")]
    [InlineData("worker", "--seed", "127.0.0.1:1", "--listen", "nosuch.invalid")]
    public Task A_name_to_listen_on_that_nobody_knows_is_said_to_be_one(params string[] args) => Refused("--listen: nosuch.invalid is no name that this machine knows", args);

    [Theory]
    [InlineData("status", false), InlineData("stop", false), InlineData("worker", true), InlineData("evaluator", true)]
    public async Task A_seed_that_nobody_knows_comes_with_advice_that_the_command_can_follow(string command, bool listens)
    {
        string message = (await Assert.ThrowsAsync<NoClusterException>(() => Run([command, "--seed", "nosuch.invalid:4053"]))).Message;
        Assert.StartsWith("The seed nosuch.invalid:4053 (", message, StringComparison.Ordinal);
        Assert.EndsWith(listens ? "check names and network, or say where to listen with --listen HOST." : "check names and network.", message, StringComparison.Ordinal);
    }
}
