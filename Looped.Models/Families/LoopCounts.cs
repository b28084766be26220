using Looped.Models.Randomness;

namespace Looped.Models.Families;

/// <summary>
/// The number of loops of a training pass (STARS, section 3). A pure function of the place in the run: whoever computes a micro-batch,
/// and in whatever order, finds the same number.
/// </summary>
/// <param name="config">The model.</param>
internal sealed class LoopCounts(RandomDepthConfig config)
{
    /// <summary>Above this mean the reference draws Poisson numbers in another way.</summary>
    public const double LargestReplayedLambda = 10;

    private readonly List<int> _replayed = [];      // only spares the work: it holds what (seed, index) gives
    private LegacyGenerator? _generator;
    private long _generatorSeed;

    /// <summary>n of a training pass.</summary>
    /// <param name="random">The micro-batch's stream.</param>
    /// <param name="place">Where it stands in the run; only `per_micro_batch` can do without.</param>
    public int Draw(RandomStream random, TrainingPlace? place) => config.LoopDraws switch
    {
        _ when config.LoopDistribution == LoopDistribution.Fixed => config.Loops,
        LoopDraws.PerMicroBatch => Draw(random.For("loops")),
        LoopDraws.PerStep => Draw(RandomStream.Create(Known(place).Seed, "training").For("step", Known(place).Step).For("loops")),
        _ => Replay(Known(place)),
    };

    /// <summary>n from a normal number.</summary>
    public static int LogNorm(double z, double mu, double sigma, int least, int most) =>
        (int)Math.Clamp(Math.Round(Math.Exp(mu + sigma * z), MidpointRounding.ToEven), least, most);

    /// <summary>n from uniform numbers: as many factors as keep their product above exp(−λ).</summary>
    public static int Poisson(Func<double> uniform, double lambda, int least, int most)
    {
        double bound = Math.Exp(-lambda), product = uniform();
        int count = 0;
        for (; product > bound; count++) product *= uniform();
        return Math.Clamp(count, least, most);
    }

    /// <summary>n from 32-bit words: their low bits, those that are too large left out.</summary>
    public static int Uniform(Func<uint> word, int least, int most)
    {
        uint span = (uint)(most - least), mask = span == 0 ? 0 : uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(span);
        if (span == 0) return least;
        uint value = word() & mask;
        while (value > span) value = word() & mask;
        return least + (int)value;
    }

    private int Draw(RandomStream stream)
    {
        ulong index = 0;
        Span<float> normal = stackalloc float[1];
        if (config.LoopDistribution != LoopDistribution.LogNorm)
            return Draw(() => 0, () => stream.Uniform(index++), () => stream.Bits(index++));
        stream.FillNormal(normal, 1);
        return LogNorm(normal[0], config.LoopMu, config.LoopSigma, config.MinLoops, config.MaxLoops);
    }

    private int Draw(Func<double> normal, Func<double> uniform, Func<uint> word) => config.LoopDistribution switch
    {
        LoopDistribution.LogNorm => LogNorm(normal(), config.LoopMu, config.LoopSigma, config.MinLoops, config.MaxLoops),
        LoopDistribution.Poisson => Poisson(uniform, config.LoopLambda, config.MinLoops, config.MaxLoops),
        _ => Uniform(word, config.MinLoops, config.MaxLoops),
    };

    private int Replay(TrainingPlace place)
    {
        if (_generator is null || _generatorSeed != place.Seed)
        {
            _replayed.Clear();
            (_generator, _generatorSeed) = (new LegacyGenerator((uint)place.Seed), place.Seed);
        }
        int index = checked((int)(place.Step * place.MicroBatches + place.MicroBatch));
        while (_replayed.Count <= index) _replayed.Add(Draw(_generator.Normal, _generator.Uniform, _generator.Word));
        return _replayed[index];
    }

    private static TrainingPlace Known(TrainingPlace? place) =>
        place ?? throw new ArgumentException("The number of loops is drawn by step, and the pass does not say which step it belongs to.", nameof(place));
}
