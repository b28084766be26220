using Looped.Models.Families;
using Looped.Models.Native;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>Where a prompt's states go from loop to loop (STARS, section 4.1).</summary>
/// <param name="Loops">L.</param>
/// <param name="Trajectory">After loops 1 … L, and after a coda if there is one: the states of all tokens together in their first two principal components.</param>
/// <param name="ExplainedVariance">The share of the variance that each of the two holds.</param>
/// <param name="Norms">By loop and token: ‖x_n‖.</param>
/// <param name="ToFirst">By loop and token: ‖x_n − x_1‖.</param>
/// <param name="Steps">By loop and token: ‖x_n − x_(n−1)‖, x_0 the state before the first loop.</param>
/// <param name="Spectra">The Jacobian of one more loop at some of the states.</param>
public sealed record LoopDynamics(int Loops, IReadOnlyList<(double First, double Second)> Trajectory, IReadOnlyList<double> ExplainedVariance,
    IReadOnlyList<double[]> Norms, IReadOnlyList<double[]> ToFirst, IReadOnlyList<double[]> Steps, IReadOnlyList<LoopStability> Spectra)
{
    /// <summary>Features of a state, T · d, up to which its Jacobian is written out.</summary>
    public const int MostFeatures = 2048;

    /// <summary>Runs a prompt.</summary>
    /// <param name="model">A model whose loop sees nothing but its state.</param>
    /// <param name="prompt">Token ids.</param>
    /// <param name="loops">L, at least 2.</param>
    /// <param name="progress">Called with the share that is done.</param>
    /// <exception cref="UsageException">The model's loop is of another kind.</exception>
    public static LoopDynamics Measure(LanguageModel model, IReadOnlyList<int> prompt, int loops, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(loops, 2);
        ILoopMap map = model as ILoopMap ?? throw new UsageException(
            $"The loop of {model.GetName()} sees more than its own state, so it is no dynamical system to look at; give a checkpoint of the family stars or ouro.");
        using var scope = NewDisposeScope();
        Tensor states = States(map, tensor([.. prompt], dtype: ScalarType.Int64).unsqueeze(0).to(model.parameters().First().device), loops, out Tensor? end);  // (L + 1, T, d)
        Tensor after = states.narrow(0, 1, loops), points = end is null ? after : cat([after, end]);
        PrincipalComponents components = PrincipalComponents.Of(points.flatten(1), 2);
        double[] scores = Numbers(components.Scores);

        int[] places = [.. Enumerable.Range(0, 31).Select(k => 1 << k).TakeWhile(n => n < loops), loops];
        var spectra = new List<LoopStability>();
        foreach (int n in places)
        {
            spectra.Add(LoopStability.Measure(map.Loop, states.narrow(0, n, 1), n));
            progress?.Invoke((double)spectra.Count / places.Length);
        }
        return new LoopDynamics(loops, [.. scores.Chunk(2).Select(p => (p[0], p[1]))], Numbers(components.ExplainedVariance),
            Lengths(after), Lengths(after - states.narrow(0, 1, 1)), Lengths(after - states.narrow(0, 0, loops)), spectra);
    }

    private static Tensor States(ILoopMap map, Tensor tokens, int loops, out Tensor? end)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var states = new List<Tensor> { map.Begin(tokens) };
        for (int n = 0; n < loops; n++) states.Add(map.Loop(states[^1]));
        end = map.End(states[^1])?.MoveToOuterDisposeScope();
        return cat(states).MoveToOuterDisposeScope();
    }

    private static double[][] Lengths(Tensor vectors) => [.. Numbers(vectors.to(ScalarType.Float64).norm(-1)).Chunk((int)vectors.shape[1])];

    private static double[] Numbers(Tensor values) => [.. values.to(ScalarType.Float64).cpu().contiguous().data<double>()];
}

/// <summary>How one loop treats a small error at a state.</summary>
/// <param name="Loop">The state after this loop.</param>
/// <param name="Exact">From the whole Jacobian; null where it is too large to be written out.</param>
/// <param name="Estimate">|v · Jv| of a power iteration: the spectral radius, if one real eigenvalue is larger than all others.</param>
/// <param name="Iterations">How many it took.</param>
/// <param name="Settled">Whether v came to rest; if not, the estimate is no more than a guess.</param>
public sealed record LoopStability(int Loop, LoopSpectrum? Exact, double Estimate, int Iterations, bool Settled)
{
    private const int MostIterations = 50;

    /// <summary>Measures it.</summary>
    internal static LoopStability Measure(Func<Tensor, Tensor> loop, Tensor state, int n)
    {
        (double estimate, int iterations, bool settled) = Iterate(loop, state);
        return new(n, state.numel() <= LoopDynamics.MostFeatures ? LoopSpectrum.Measure(loop, state) : null, estimate, iterations, settled);
    }

    /// <summary>Power iteration on J by products Jv: the derivative, by u, of the backward pass uᵀJ, which is linear in u.</summary>
    private static (double Estimate, int Iterations, bool Settled) Iterate(Func<Tensor, Tensor> loop, Tensor state)
    {
        using var scope = NewDisposeScope();
        Tensor x = state.detach().clone().requires_grad_(true), y = loop(x), u = zeros_like(y).requires_grad_(true);
        Tensor backward = autograd.grad([y], [x], [u], retain_graph: true, create_graph: true)[0];
        Tensor v = empty(state.shape, dtype: state.dtype, device: state.device);
        RandomStream.Create(0, "spectrum").FillNormal_(v, 1);
        v /= v.norm();
        double estimate = 0;
        for (int i = 1; i <= MostIterations; i++)
        {
            Tensor product = autograd.grad([backward], [u], [v], retain_graph: true)[0];
            estimate = Math.Abs((v * product).sum().to(ScalarType.Float64).item<double>());
            double length = product.norm().to(ScalarType.Float64).item<double>();
            if (length < 1e-10) return (length, i, true);
            Tensor next = product.Over(length);
            // A negative eigenvalue turns v around at every iteration.
            double moved = Math.Min((next - v).norm().to(ScalarType.Float64).item<double>(), next.Plus(v).norm().to(ScalarType.Float64).item<double>());
            if (moved < 1e-6) return (estimate, i, true);
            v = next;
        }
        return (estimate, MostIterations, false);
    }
}
