using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Native;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using TorchSharp.Modules;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Host.Benchmarks;

/// <summary>
/// The yardstick of `looped bench step`: the same model, micro-batches and threads as a run, with nothing around them. Gradients
/// accumulate as float32 in one flat buffer; LibTorch's fused AdamW updates the flat parameters. No actors, no exact sums, no logs.
/// </summary>
internal sealed class BareLoop : IDisposable
{
    private const string Script = """
        def adamw(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor], lr: float, b1: float, b2: float, wd: float, eps: float) -> int:
            torch._foreach_add_(t, 1)
            torch._fused_adamw_(p, g, m, v, [], t, lr=lr, beta1=b1, beta2=b2, weight_decay=wd, eps=eps, amsgrad=False, maximize=False)
            return 0

        """;

    private readonly Recipe _recipe;
    private readonly LanguageModel _model;
    private readonly Tensor _values, _gradients, _moment1, _moment2, _count;
    private readonly long _decaying;
    private readonly jit.CompilationUnit _compiled = jit.compile(Script);
    private long _step;

    public BareLoop(Recipe recipe, LanguageModel model)
    {
        (_recipe, _model) = (recipe, model);
        (string Name, Parameter Parameter)[] named = [.. model.named_parameters()];
        Dictionary<string, Parameter> byName = named.ToDictionary(p => p.Name, p => p.Parameter);
        ParameterLayout layout = ParameterLayout.Create(named.Select(p => (p.Name, (IReadOnlyList<long>)p.Parameter.shape, model.Decays(p.Name))));
        _values = zeros(layout.Length).DetachFromDisposeScope();
        _gradients = zeros(layout.Length).DetachFromDisposeScope();
        _moment1 = zeros(layout.Length).DetachFromDisposeScope();
        _moment2 = zeros(layout.Length).DetachFromDisposeScope();
        _count = zeros(1).squeeze().DetachFromDisposeScope();
        _decaying = layout.Slots.Where(s => s.Decays).Select(s => s.Offset + s.Length).DefaultIfEmpty().Max();
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            foreach (ParameterSlot slot in layout.Slots)
            {
                Parameter parameter = byName[slot.Name];
                Tensor view = _values.narrow(0, slot.Offset, slot.Length).view([.. slot.Shape]);
                view.copy_(parameter);
                parameter.set_(view);
                parameter.grad = _gradients.narrow(0, slot.Offset, slot.Length).view([.. slot.Shape]).DetachFromDisposeScope();
            }
        }
    }

    /// <summary>One optimizer step.</summary>
    public void Step(IMicroBatchSource source)
    {
        int microBatches = _recipe.Batch.MicroBatches();
        for (int i = 0; i < microBatches; i++)
        {
            using var scope = NewDisposeScope();
            MicroBatch batch = source.Load(_step, i);
            Tensor tokens = tensor(batch.Tokens, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length);
            Tensor targets = tensor(batch.Targets, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length);
            Tensor loss = _model.Forward(new ModelInput(tokens, targets, RandomStream.ForMicroBatch(_recipe.Seed, _step, i))).Loss!;
            loss.Over(microBatches).backward();
            loss.item<float>();
        }
        Update();
        _step++;
        GC.Collect(0);
    }

    private void Update()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        OptimizerRecipe o = _recipe.Optimizer;
        double norm = _gradients.norm().item<float>();
        if (o.ClipNorm > 0 && norm > o.ClipNorm) _gradients.mul_(Number(o.ClipNorm / (norm + 1e-6)));
        double rate = LearningRate.At(_recipe.Schedule, o.LearningRate, _step, _recipe.Training.Steps);
        long rest = _values.numel() - _decaying;
        Group(0, _decaying, o.WeightDecay, count: true);
        Group(_decaying, rest, 0, count: false);
        _gradients.zero_();

        void Group(long start, long length, double decay, bool count)
        {
            if (length == 0) return;
            Tensor[] Slice(Tensor t) => [t.narrow(0, start, length)];
            Tensor[] steps = [count ? _count : _count.sub(One)];
            _compiled.invoke("adamw", Slice(_values), Slice(_gradients), Slice(_moment1), Slice(_moment2), steps, rate, o.Betas[0], o.Betas[1], decay, o.Epsilon);
        }
    }

    public void Dispose()
    {
        foreach (Tensor t in (Tensor[])[_values, _gradients, _moment1, _moment2, _count]) t.Dispose();
        _compiled.Dispose();
        _model.Dispose();
    }
}
