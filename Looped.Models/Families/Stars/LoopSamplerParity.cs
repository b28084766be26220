using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>
/// Kind `loop_sampler`: numbers of loops from the draws that the file gives, and again from the reference's generator with the seed that
/// it gives. `cases` holds the settings; a case's tensors carry its name.
/// </summary>
internal sealed class LoopSamplerParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        using var scope = NewDisposeScope();
        var parity = new ParityCase(vector, vector.Kind, prefix: "", settings: null);
        foreach (JsonObject settings in (vector.Json["cases"] as JsonArray ?? []).OfType<JsonObject>()) Run(parity, settings);
        return [parity.Conclude()];
    }

    private static void Run(ParityCase parity, JsonObject settings)
    {
        string path = parity.Vector.Path, name = settings.Text("name", path), output = $"output.{name}.counts";
        int least = settings.Integer("min", path), most = settings.Integer("max", path);
        if (!parity.Expects(output)) throw new LoopedException($"{path}: the case {name} has no tensor `{output}`.");
        int count = (int)parity.Given(output).numel();

        Tensor? draws = parity.Find($"input.{name}.z") ?? parity.Find($"input.{name}.u") ?? parity.Find($"input.{name}.u32");
        long[]? given = draws is null ? null : FromDraws(draws);
        long[]? replayed = settings["numpy_seed"] is null ? null : FromSeed((uint)settings["numpy_seed"]!.GetValue<long>());
        parity.Offer(output, tensor(given ?? replayed ?? throw new LoopedException($"{path}: the case {name} gives neither draws nor a seed.")));
        if (given is not null && replayed is not null)
            parity.CompareExactly($"{name}: counts that the seed gives otherwise", given.Zip(replayed).Count(p => p.First != p.Second), 0);

        long[] FromDraws(Tensor numbers)
        {
            IEnumerator<double> next = numbers.to(ScalarType.Float64).data<double>().GetEnumerator();
            double Next() => next.MoveNext() ? next.Current : throw new LoopedException($"{path}: the case {name} gives too few draws.");
            return Counts(Next, Next, () => (uint)Next());
        }

        long[] FromSeed(uint seed)
        {
            var generator = new LegacyGenerator(seed);
            return Counts(generator.Normal, generator.Uniform, generator.Word);
        }

        long[] Counts(Func<double> normal, Func<double> uniform, Func<uint> word) => [.. Enumerable.Range(0, count).Select(_ => (long)One(normal, uniform, word))];

        int One(Func<double> normal, Func<double> uniform, Func<uint> word) =>
            settings["mu"] is not null ? LoopCounts.LogNorm(normal(), settings.Real("mu", path), settings.Real("sigma", path), least, most)
            : settings["lam"] is not null ? LoopCounts.Poisson(uniform, settings.Real("lam", path), least, most)
            : LoopCounts.Uniform(word, least, most);
    }
}
