using Looped.Models.Evaluation;
using Looped.Models.Families;
using Looped.Models.Families.Stars;
using Looped.Models.Randomness;
using Looped.Models.Tests.Families;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Evaluation;

public class LoopDynamicsTests
{
    /// <summary>x → Ax for each token, A symmetric or a turn of known eigenvalues; a state begins at a token's own numbers.</summary>
    private sealed class Linear : LanguageModel, ILoopMap
    {
        private readonly TorchSharp.Modules.Parameter matrix;

        public Linear(Tensor matrix) : base("linear")
        {
            this.matrix = new(matrix);
            RegisterComponents();
        }

        public override int VocabularySize => 8;
        public override int SequenceLength => 4;
        public override ModelOutput Forward(ModelInput input) => throw new NotSupportedException();
        public override bool Decays(string parameterName) => false;
        public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) => 0;
        public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) => 0;
        public override IDecoder StartDecoding(int sequences, int? loops = null) => throw new NotSupportedException();
        public Tensor Begin(Tensor tokens) => tokens.unsqueeze(-1).to(ScalarType.Float32) + arange(3, dtype: ScalarType.Float32);
        public Tensor Loop(Tensor state) => state.matmul(matrix.t());
        public Tensor? End(Tensor state) => null;
    }

    private static Tensor Diagonal(params float[] values) => diag(tensor(values));

    [Theory]
    [InlineData(0.5f, 0.25f)]
    [InlineData(1.5f, -0.5f)]
    [InlineData(-0.8f, 0.1f)]
    public void The_largest_eigenvalue_is_found_exactly_and_by_power_iteration(float first, float second)
    {
        using var model = new Linear(Diagonal(second, first, 0.05f));
        LoopDynamics dynamics = LoopDynamics.Measure(model, [1, 2], loops: 5);
        Assert.Equal([1, 2, 4, 5], dynamics.Spectra.Select(s => s.Loop));
        Assert.All(dynamics.Spectra, s =>
        {
            Assert.Equal(Math.Abs(first), s.Exact!.SpectralRadius, 1e-5);
            Assert.Equal(Math.Abs(first), s.Estimate, 1e-5);
            Assert.True(s.Settled);
        });
    }

    [Fact]
    public void A_turn_has_no_real_eigenvalue_and_the_estimate_says_that_it_did_not_settle()
    {
        using var model = new Linear(tensor(new float[,] { { 0, -0.9f, 0 }, { 0.9f, 0, 0 }, { 0, 0, 0.1f } }));
        LoopStability stability = LoopDynamics.Measure(model, [3], loops: 2).Spectra[0];
        Assert.Equal(0.9, stability.Exact!.SpectralRadius, 1e-5);
        Assert.False(stability.Settled);
    }

    [Fact]
    public void Lengths_are_those_of_the_states_by_loop_and_token()
    {
        using var model = new Linear(Diagonal(2, 2, 2));
        LoopDynamics dynamics = LoopDynamics.Measure(model, [0, 3], loops: 3);
        double[] begin = [Math.Sqrt(0 + 1 + 4), Math.Sqrt(9 + 16 + 25)];
        for (int n = 1; n <= 3; n++)
            for (int t = 0; t < 2; t++)
            {
                double length = begin[t] * Math.Pow(2, n);
                Assert.Equal(length, dynamics.Norms[n - 1][t], 1e-4);
                Assert.Equal(length / 2, dynamics.Steps[n - 1][t], 1e-4);
                Assert.Equal(length - 2 * begin[t], dynamics.ToFirst[n - 1][t], 1e-4);
            }
        // All states lie on one line.
        Assert.Equal(1, dynamics.ExplainedVariance[0], 1e-9);
        Assert.Equal(3, dynamics.Trajectory.Count);
    }

    [Fact]
    public void A_trained_loop_is_the_one_that_is_looked_at_and_a_coda_ends_the_trajectory()
    {
        var config = new StarsConfig { Family = "stars", Width = 24, Heads = 2, Hidden = 32, SequenceLength = 8, Prelude = true, Coda = true, Dropout = 0.3 };
        using var model = (StarsModel)FamilyRegistry.Find("stars")!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
        LoopDynamics dynamics = LoopDynamics.Measure(model, [1, 2, 3], loops: 4);

        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var norms = new List<double[]>();
        Pass pass = model.NewPass(random: null);
        model.Run(model.Embed(tensor(new long[,] { { 1, 2, 3 } }), 0, pass), 4, pass, trace: x => norms.Add([.. x.to(ScalarType.Float64).norm(-1).data<double>()]));
        Assert.Equal(5, dynamics.Trajectory.Count);
        foreach ((double[] expected, double[] actual) in norms.Zip(dynamics.Norms)) Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    [Fact]
    public void A_loop_that_sees_more_than_its_state_is_refused()
    {
        using LanguageModel model = CoTFormers.Create(CoTFormers.Small);
        Assert.Contains("stars or ouro", Assert.Throws<UsageException>(() => LoopDynamics.Measure(model, [1, 2], 3)).Message, StringComparison.Ordinal);
    }
}
