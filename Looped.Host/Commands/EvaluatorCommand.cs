using System.CommandLine;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;

namespace Looped.Host.Commands;

/// <summary><c>looped evaluator</c>: measures a cluster's checkpoints on a machine of its own.</summary>
internal static class EvaluatorCommand
{
    public static Command Create()
    {
        var join = new JoinOptions();
        var command = new LoopedCommand("evaluator", "Measure the validation loss of a cluster's checkpoints; with evaluation.every=0 nobody else does.")
        {
            Examples = ["looped evaluator --seed 127.0.0.1:4053"],
        };
        foreach (Option option in join.All) command.Add(option);
        command.SetAction((parsed, _) => new EvaluatorProcess(join.Read(parsed)).Run());
        return command;
    }
}
