using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Host.Evaluations;
using Looped.Models;

namespace Looped.Host.Commands;

/// <summary><c>looped eval</c>: what a checkpoint is worth: perplexity with its uncertainty, perplexity against computation, what routers think.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var checkpoints = new Argument<string[]>("checkpoint") { Description = "A checkpoint folder, or a run folder (its newest checkpoint); several are compared by the suites compute, router and addition.", Arity = ArgumentArity.OneOrMore };
        var suite = new Option<string?>("--suite")
        {
            Description = "Also write JSON and a figure (eval-SUITE.json and .png): perplexity; compute: perplexity against MACs per token, by depth and router threshold; router: the routers' weights; addition: sums with every digit right against loops, also as CSV; dynamics: states, steps and spectral radius over the loops, also as CSV.",
            HelpName = "NAME",
        };
        suite.AcceptOnlyFromAmong("perplexity", "compute", "router", "addition", "dynamics");
        var batches = new Option<int?>("--batches") { Description = "Read only this many micro-batches, spread evenly; by default the whole validation set." };
        var loops = new Option<int?>("--loops") { Description = "Number of repeats (depth at test time); the trained number by default. For the suites compute and addition the largest one (addition: 100), for dynamics how many (100)." };
        var length = new Option<int?>("--sequence-length") { Description = "Tokens of a sequence; as trained by default." };
        var problems = new Option<int?>("--problems") { Description = "For the suite addition: how many of the test sums are asked for at each number of loops; by default 100." };
        var set = new Option<string[]>("--set") { Description = "Change the checkpoint's recipe, such as data.source=FOLDER or training.threads=1." };
        var output = new Option<string?>("--out", "-o") { Description = "Where a suite's files go; default: the run folder, or here for checkpoints of several runs.", HelpName = "FOLDER" };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("eval", "Measure a checkpoint: perplexity with a 95 % interval, quality against computation, routers.")
        {
            Examples =
            [
                "looped eval runs/quickstart",
                "looped eval runs/quickstart/checkpoints/step-000100 --loops 1 --json",
                "looped eval runs/quickstart --suite compute --loops 4",
                "looped eval runs/addition --suite addition --loops 100",
                "looped eval runs/adm/checkpoints/step-000100 runs/adm --suite router -o figures",
            ],
        };
        command.Add(checkpoints);
        foreach (Option option in (Option[])[suite, batches, loops, length, problems, set, output, json]) command.Add(option);
        command.SetAction(parsed =>
        {
            var request = new EvalRequest(parsed.GetRequiredValue(checkpoints), parsed.GetValue(set) ?? [], parsed.GetValue(batches), parsed.GetValue(loops),
                parsed.GetValue(length), parsed.GetValue(problems), parsed.GetValue(json), parsed.GetValue(output)).Checked();
            Run(parsed.GetValue(suite), request);
            return ExitCode.Finished;
        });
        return command;
    }

    private static void Run(string? suite, EvalRequest request)
    {
        switch (suite)
        {
            case "compute": ComputeSuite.Run(request); break;
            case "router": RouterSuite.Run(request); break;
            case "addition": AdditionSuite.Run(request); break;
            case "dynamics": DynamicsSuite.Run(request); break;
            case null when request.Output is not null: throw new UsageException("--out says where a suite's files go; say which suite, such as --suite perplexity.");
            default: PerplexitySuite.Run(request, files: suite is not null); break;
        }
    }
}
