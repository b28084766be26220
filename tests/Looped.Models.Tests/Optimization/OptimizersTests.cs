using Looped.Models.Data;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using Looped.Tests;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Optimization;

public class OptimizersTests
{
    private const int Vocabulary = 17;

    public static TheoryData<OptimizerName> Names => [.. Enum.GetValues<OptimizerName>()];

    private static Replica Create(OptimizerRecipe optimizer, Precision precision = Precision.Float32)
    {
        var recipe = new Recipe
        {
            Name = "toy",
            Model = new ToyConfig { Family = "toy", SequenceLength = 6 },
            Batch = new BatchRecipe { GlobalSequences = 8, MicroSequences = 2 },
            Optimizer = optimizer,
            Schedule = new ScheduleRecipe { Name = ScheduleName.None },
            Training = new TrainingRecipe { Steps = 10, Threads = 1, Precision = precision },
        };
        return new(recipe, new ToyModel((ToyConfig)recipe.Model, Vocabulary, RandomStream.Create(recipe.Seed, "initialization")));
    }

    private static MicroBatch Batch(long step, int index)
    {
        RandomStream stream = RandomStream.Create(5, "tokens").For("step", step).For("micro", index);
        int[] tokens = [.. Enumerable.Range(0, 12).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        return new MicroBatch(step, index, 2, 6, tokens, [.. tokens.Skip(1), 0]);
    }

    private static CommittedStep Step(Replica replica, params int[] order)
    {
        foreach (int i in order is [] ? [0, 1, 2, 3] : order) replica.Compute(Batch(replica.Step, i));
        return replica.Commit(replica.Sums, replica.Control);
    }

    [Theory, MemberData(nameof(Names))]
    public void Neither_order_nor_a_restart_nor_a_hand_over_changes_a_bit(OptimizerName name)
    {
        using Replica undisturbed = Create(new() { Name = name }), disordered = Create(new() { Name = name });
        using Replica first = Create(new() { Name = name }), restored = Create(new() { Name = name }), joiner = Create(new() { Name = name });
        for (int step = 0; step < 6; step++) Step(undisturbed);
        for (int step = 0; step < 6; step++) Step(disordered, 3, 1, 0, 2);
        for (int step = 0; step < 3; step++) Step(first);
        restored.Restore(first.Snapshot());
        HandOver(first, joiner);
        for (int step = 0; step < 3; step++)
        {
            Step(restored);
            Step(joiner);
        }
        Assert.All([disordered, restored, joiner], other => Assert.Equal(undisturbed.StateHash(), other.StateHash()));
    }

    private static void HandOver(Replica donor, Replica joiner)
    {
        var sent = new Queue<Tensor>();
        donor.Exchange(take: false, tensor => sent.Enqueue(tensor.clone().DetachFromDisposeScope()));
        joiner.Exchange(take: true, tensor =>
        {
            using IDisposable quiet = no_grad();
            using Tensor next = sent.Dequeue();
            tensor.copy_(next);
        });
        Assert.Empty(sent);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_tensor_without_a_gradient_is_left_alone(OptimizerName name)
    {
        using Replica replica = Create(new() { Name = name });
        byte[] Optional() => replica.Snapshot().Parameters.Single(p => p.Name == "optional.weight").Data.ToArray();
        byte[] before = Optional();
        foreach (int i in new[] { 0, 1, 2, 3 }) replica.Compute(Batch(0, i));
        var control = new ControlVector(replica.Layout.Slots.Count);
        replica.Control.Sums.CopyTo(control.Sums, 0);
        foreach (ParameterSlot slot in replica.Layout.Slots.Where(s => s.Name != "optional.weight")) control.Touch(slot.Index);
        replica.Commit(replica.Sums, control);
        Assert.Equal(before, Optional());
    }

    [Theory]
    [InlineData(Precision.Float32, 1e-6)]
    [InlineData(Precision.Float64, 1e-12)]
    public void Sgd_is_that_of_PyTorch(Precision precision, double tolerance)
    {
        using var scope = NewDisposeScope();
        ScalarType type = precision == Precision.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        IStepKernels kernels = precision == Precision.Float64 ? new TensorKernels(Reduction.Float32, type) : new VectorKernels(Reduction.Float32, threads: 1);
        Tensor ours = Numbers(0, type), velocity = zeros_like(ours);
        var theirs = new Parameter(ours.clone());
        using var sgd = optim.SGD([theirs], 0.1, momentum: 0.9, weight_decay: 0.01);
        for (int step = 1; step <= 5; step++)
        {
            Tensor gradient = Numbers(step, type);
            kernels.Sgd(ours, gradient, velocity, new SgdScalars(Factor: 1, LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.01));
            theirs.grad = gradient;
            sgd.step();
        }
        Assert.Equal(0, (ours - theirs).abs().max().to(ScalarType.Float64).item<double>(), tolerance);
    }

    private static Tensor Numbers(int place, ScalarType type) => RandomStream.Create(3, "numbers").For("step", place).Uniform([101L]).to(type);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Adafactor_follows_the_paper_on_matrices_and_vectors(bool relative)
    {
        using Replica replica = Create(new() { Name = OptimizerName.Adafactor, LearningRate = 0.02, RelativeStep = relative, ClipNorm = 0 }, Precision.Float64);
        Dictionary<string, PaperAdafactor> paper = replica.Layout.Slots.ToDictionary(s => s.Name,
            s => new PaperAdafactor(Values(replica, s), s.Shape.Count == 2 ? (int)s.Shape[1] : 0, relative ? null : 0.02, s.Decays ? 0.1 : 0));
        for (int step = 0; step < 4; step++)
        {
            foreach (int i in new[] { 0, 1, 2, 3 }) replica.Compute(Batch(step, i));
            double factor = 1 / (FixedPoint.Scale(40) * 4);
            foreach (ParameterSlot slot in replica.Layout.Slots.Where(s => replica.Control.IsTouched(s.Index)))
            {
                using Tensor sums = FlatParameters.Slice(replica.Sums, slot);
                paper[slot.Name].Step([.. sums.data<long>().Select(sum => sum * factor)]);
            }
            replica.Commit(replica.Sums, replica.Control);
        }
        Assert.All(replica.Layout.Slots, slot => Assert.All(Values(replica, slot).Zip(paper[slot.Name].Values), v => Assert.Equal(v.Second, v.First, 1e-12)));
    }

    private static double[] Values(Replica replica, ParameterSlot slot)
    {
        using Tensor slice = FlatParameters.Slice(replica.Parameters.Values, slot);
        return slice.data<double>().ToArray();
    }

    /// <summary>The paper's algorithms 4 (matrices) and 5 (vectors), number by number.</summary>
    private sealed class PaperAdafactor(double[] values, int columns, double? rate, double decay)
    {
        private readonly double[] _v = new double[values.Length], _rows = new double[columns == 0 ? 0 : values.Length / columns], _columns = new double[columns];
        private int _step;

        public double[] Values => values;

        public void Step(double[] g)
        {
            _step++;
            double beta = 1 - Math.Pow(_step, -0.8), scale = Math.Max(1e-3, Rms(values)) * (rate ?? Math.Min(1e-2, 1 / Math.Sqrt(_step)));
            double[] v = columns == 0 ? Vector(g, beta) : Matrix(g, beta);
            double[] u = [.. g.Select((x, i) => x / Math.Sqrt(v[i]))];
            double clip = Math.Max(1, Rms(u));
            for (int i = 0; i < values.Length; i++) values[i] -= scale * (u[i] / clip + decay * values[i]);
        }

        private double[] Vector(double[] g, double beta)
        {
            for (int i = 0; i < g.Length; i++) _v[i] = beta * _v[i] + (1 - beta) * (g[i] * g[i] + 1e-30);
            return _v;
        }

        private double[] Matrix(double[] g, double beta)
        {
            int rows = _rows.Length;
            for (int r = 0; r < rows; r++) _rows[r] = beta * _rows[r] + (1 - beta) * Enumerable.Range(0, columns).Average(c => g[r * columns + c] * g[r * columns + c] + 1e-30);
            for (int c = 0; c < columns; c++) _columns[c] = beta * _columns[c] + (1 - beta) * Enumerable.Range(0, rows).Average(r => g[r * columns + c] * g[r * columns + c] + 1e-30);
            return [.. g.Select((_, i) => _rows[i / columns] * _columns[i % columns] / _rows.Average())];
        }

        private static double Rms(double[] x) => Math.Sqrt(x.Average(y => y * y));
    }
}
