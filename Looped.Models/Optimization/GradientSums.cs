using Looped.Models.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// The gradients of a worker's micro-batches, added up in one flat buffer. On a CPU a micro-batch's gradients are added stage after stage, each as
/// soon as it is complete; on a GPU one pass over all of them costs what one over a single one costs, and its verdict has to be waited for once.
/// </summary>
internal sealed class GradientSums : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly IStepKernels _kernels;
    private readonly Tensor? _gathered;

    /// <summary>Sums of nothing.</summary>
    public GradientSums(FlatParameters parameters, IStepKernels kernels, Device device, LanguageModel model)
    {
        (_parameters, _kernels) = (parameters, kernels);
        Values = zeros(parameters.Layout.Length, dtype: kernels.SumType, device: device).DetachFromDisposeScope();
        if (device.type != DeviceType.CPU) _gathered = zeros_like(parameters.Values).DetachFromDisposeScope();
        Buckets = GradientBuckets.Plan(parameters.Layout, _gathered is null ? model.BackwardStages : []);
    }

    /// <summary>The sums, flat.</summary>
    public Tensor Values { get; }

    /// <summary>The pieces of the sums in the order in which a micro-batch completes them.</summary>
    public GradientBuckets Buckets { get; }

    /// <summary>What a micro-batch's forward pass is to be cut with; null for a graph in one piece.</summary>
    public BackwardCuts? NewCuts() => Buckets.Slots.Count > 1 ? new BackwardCuts() : null;

    /// <summary>Runs a micro-batch's backward pass and adds its gradient.</summary>
    /// <param name="output">What the forward pass gave.</param>
    /// <param name="cuts">Its cuts; null if it was not cut.</param>
    /// <param name="scale">Weight of the micro-batch, times 2^bits for exact sums.</param>
    /// <param name="touched">Told of every parameter that got a gradient.</param>
    /// <param name="completed">Told of each stage but the last as soon as its sums hold the gradient.</param>
    /// <returns>Whether every element was acceptable.</returns>
    public bool AddBackward(ModelOutput output, BackwardCuts? cuts, double scale, ControlVector touched, Action<int>? completed)
    {
        Tensor loss = output.Loss ?? throw new InvalidOperationException("The model gave no loss.");
        bool acceptable = true;
        int stages = 0;
        if (cuts is null) loss.backward();
        else
            cuts.Backward(loss, reached =>
            {
                for (; stages <= reached; stages++)
                {
                    acceptable &= AddStage(stages, scale, touched);
                    completed?.Invoke(stages);
                }
            });
        output.FinishBackward?.Invoke();
        if (_gathered is not null) return AddAll(_gathered, scale, touched);
        RequireComplete(stages);
        for (; stages < Buckets.Slots.Count; stages++) acceptable &= AddStage(stages, scale, touched);
        return acceptable;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        _gathered?.Dispose();
    }

    private bool AddStage(int stage, double scale, ControlVector touched)
    {
        bool acceptable = true;
        foreach (ParameterSlot slot in Buckets.Slots[stage])
        {
            using Tensor? gradient = _parameters.TakeGradient(slot);
            if (gradient is null) continue;
            touched.Touch(slot.Index);
            using Tensor dense = gradient.contiguous();
            using Tensor sums = FlatParameters.Slice(Values, slot);
            acceptable &= _kernels.Accumulate(dense, sums, scale);
        }
        return acceptable;
    }

    private bool AddAll(Tensor gathered, double scale, ControlVector touched)
    {
        using (no_grad())
            foreach (ParameterSlot slot in _parameters.Layout.Slots)
            {
                using Tensor? gradient = _parameters.TakeGradient(slot);
                using Tensor place = FlatParameters.Slice(gathered, slot);
                if (gradient is null)
                {
                    place.zero_();
                    continue;
                }
                touched.Touch(slot.Index);
                using Tensor flat = gradient.reshape(-1);
                place.copy_(flat);
            }
        return _kernels.Accumulate(gathered, Values, scale);
    }

    /// <summary>A gradient that comes after its stage was said to be complete would be missing from sums that may have been reduced already.</summary>
    private void RequireComplete(int stages)
    {
        foreach (ParameterSlot slot in Buckets.Slots.Take(stages).SelectMany(slots => slots))
        {
            using Tensor? late = _parameters.TakeGradient(slot);
            if (late is not null) throw new InvalidOperationException($"{slot.Name} got a gradient after the backward stage that names it; the model's BackwardStages are wrong.");
        }
    }
}
