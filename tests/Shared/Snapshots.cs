using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;

namespace Looped.Tests;

/// <summary>Small snapshots whose content follows from the step.</summary>
internal static class Snapshots
{
    public static TrainingSnapshot At(long step, int elements = 6)
    {
        NamedTensor Tensor(string name, int salt)
        {
            var data = new byte[elements * 4];
            new Random((int)step * 31 + salt).NextBytes(data);
            return new(name, ElementType.F32, [2, elements / 2], data);
        }

        return new(step, [Tensor("wte.weight", 0), Tensor("h.0.weight", 1)],
            [Tensor("exp_avg.wte.weight", 2), new("step.wte.weight", ElementType.I64, [], BitConverter.GetBytes(step))],
            new JsonObject { ["tokens"] = step * 2048, ["average"] = 0.1 + step });
    }

    public static CheckpointInfo Info { get; } = new("identity", "data", "avx512 threads 2",
        new Dictionary<string, string> { ["torchsharp"] = "0.107.0" }, new Dictionary<string, long> { ["training"] = 1337 },
        new JsonObject { ["loss"] = 2.5 }, "name: quickstart\nseed: 1337\n");

    public static CheckpointWritten Write(string folder, long step) => CheckpointWriter.Write(folder, At(step), Info, "g1-test");
}
