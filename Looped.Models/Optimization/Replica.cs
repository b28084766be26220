using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Native;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>What a committed step did.</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="Loss">Mean loss of the step, weighted as the recipe says; NaN when it was not acceptable.</param>
/// <param name="ScoredTokens">Scored tokens of all micro-batches.</param>
/// <param name="GradientNorm">Global L2 norm before clipping; NaN when the step was skipped.</param>
/// <param name="LearningRate">The rate of this update.</param>
/// <param name="Skipped">Whether the update was left out.</param>
/// <param name="Loops">Loops of a micro-batch, their mean over all of the step; null where the family has no such notion.</param>
/// <param name="Regulariser">The penalty within the loss, unweighted, averaged as the loss is; null where there was none. NaN when the step was skipped.</param>
public sealed record CommittedStep(long Step, double Loss, long ScoredTokens, double GradientNorm, double LearningRate, bool Skipped,
    double? Loops = null, double? Regulariser = null);

/// <summary>What computing a micro-batch took.</summary>
/// <param name="Forward">The time of the forward pass; on a GPU, how long it took to hand it over.</param>
/// <param name="Loops">The loops that ran; null where the family always runs the same.</param>
public readonly record struct ComputedMicroBatch(TimeSpan Forward, int? Loops);

/// <summary>
/// One worker's copy of everything that is trained: the model on flat buffers, the gradient sums of the step in progress, the
/// optimizer. Knows nothing of other workers: the training loop reduces <see cref="Sums"/> and <see cref="Control"/> between
/// <see cref="Compute"/> and <see cref="Commit"/>. All members belong to one thread.
/// </summary>
public sealed class Replica : IDisposable
{
    private readonly Recipe _recipe;
    private readonly Device _device;
    private readonly FlatParameters _parameters;
    private readonly IStepKernels _kernels;
    private readonly IOptimizer _optimizer;
    private readonly GradientSums _sums;
    private readonly long _fullMicroBatch;
    private readonly double _scale;
    private readonly SortedSet<int> _held = [];

    // Coarser than the loss: a penalty can be large before training tames it, and it must not decide whether a step counts.
    private static readonly double RegulariserScale = FixedPoint.Scale(30), MostRegulariser = FixedPoint.Scale(20);

    /// <summary>Takes a model over: moves it to the recipe's device and precision and its parameters into a flat buffer.</summary>
    /// <param name="recipe">The run.</param>
    /// <param name="model">A freshly created model; the replica owns it from here on.</param>
    public Replica(Recipe recipe, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(model);
        _recipe = recipe;
        _device = new Device(recipe.Training.Device);
        Model = model;
        if (_device.type != DeviceType.CPU && recipe.Training.Reduction == Reduction.Exact64) DeterministicKernels.Require();
        model.Place(recipe.Training);
        _parameters = new FlatParameters(model);
        _kernels = _device.type == DeviceType.CPU && recipe.Training.Precision is Precision.Float32 or Precision.Bfloat16
            ? new VectorKernels(recipe.Training.Reduction, recipe.Training.Threads)
            : new TensorKernels(recipe.Training.Reduction, _parameters.Values.dtype);
        _optimizer = Optimizers.Create(recipe.Optimizer, _parameters, _kernels);
        _sums = new GradientSums(_parameters, _kernels, _device, model);
        Control = new ControlVector(Layout.Slots.Count);
        _fullMicroBatch = (long)recipe.Batch.MicroSequences * recipe.Model.SequenceLength;
        _scale = recipe.Training.Reduction == Reduction.Exact64 ? FixedPoint.Scale(recipe.Training.ReductionBits) : 1;
    }

    /// <summary>The model.</summary>
    public LanguageModel Model { get; }

    /// <summary>Order and place of every parameter.</summary>
    public ParameterLayout Layout => _parameters.Layout;

    /// <summary>Steps committed; the step in progress has this number.</summary>
    public long Step { get; private set; }

    /// <summary>Scored tokens of all committed steps.</summary>
    public long Tokens { get; private set; }

    /// <summary>Committed steps whose update was left out.</summary>
    public long SkippedSteps { get; private set; }

    /// <summary>Micro-batches of the step in progress whose exact sum <see cref="Sums"/> holds.</summary>
    public IReadOnlySet<int> Held => _held;

    /// <summary>This worker's gradient sums of the step in progress, flat: the input of the reduction, which must not overwrite it.</summary>
    public Tensor Sums => _sums.Values;

    /// <summary>The pieces of <see cref="Sums"/> in the order in which a micro-batch completes them; on a GPU one piece.</summary>
    public GradientBuckets Buckets => _sums.Buckets;

    /// <summary>This worker's part of the control vector of the step in progress.</summary>
    public ControlVector Control { get; }

    /// <summary>All parameters, flat; for broadcasting to a worker that joins.</summary>
    internal FlatParameters Parameters => _parameters;

    /// <summary>The optimizer's state.</summary>
    internal IOptimizer Optimizer => _optimizer;

    /// <summary>Runs forward and backward on one micro-batch and adds its gradient to <see cref="Sums"/>.</summary>
    /// <param name="batch">One of the step in progress that is not held.</param>
    /// <param name="watch">Told what the loops do to the hidden state; null for nobody.</param>
    /// <param name="completed">Told, while the backward pass has yet to go on, of each stage of <see cref="Buckets"/> but the last whose sums hold this micro-batch.</param>
    public ComputedMicroBatch Compute(MicroBatch batch, LoopWatch? watch = null, Action<int>? completed = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Step != Step || !_held.Add(batch.Index))
            throw new InvalidOperationException($"Micro-batch {batch.Index} of step {batch.Step} offered while step {Step} holds {_held.Count}.");

        long started = Stopwatch.GetTimestamp();
        TimeSpan forward = TimeSpan.Zero;
        int? loops = null;
        using var scope = NewDisposeScope();
        using BackwardCuts? cuts = _sums.NewCuts();
        int scored = batch.ScoredTokens;
        double weight = _recipe.Batch.Weighting == Weighting.Token ? (double)scored / _fullMicroBatch : 1;
        var input = new ModelInput(Upload(batch.Tokens, batch), Upload(batch.Targets, batch),
            RandomStream.ForMicroBatch(_recipe.Seed, batch.Step, batch.Index),
            Place: new(_recipe.Seed, batch.Step, batch.Index, _recipe.Batch.MicroBatches()), Watch: watch, Cuts: cuts);
        if (scored > 0)
        {
            bool acceptable;
            ModelOutput output;
            try
            {
                output = Forward(input);
                forward = Stopwatch.GetElapsedTime(started);
                acceptable = _sums.AddBackward(output, cuts, weight * _scale, Control, completed);
            }
            catch (ExternalException e) when (DeterministicKernels.Explain(e) is { } sentence)
            {
                throw new LoopedException(sentence, e);
            }
            Observe(loops = output.Loops, output.Regulariser, weight);
            acceptable &= AddLoss(output.Loss!.to(ScalarType.Float64).item<double>() * weight);
            if (!acceptable) Control[ControlFlag.Unacceptable] = true;
        }
        Control[ControlSum.MicroBatches]++;
        Control[ControlSum.Tag] += ControlVector.Tag(batch.Step, batch.Index);
        Control[ControlSum.ScoredTokens] += scored;
        return new(forward, loops);
    }

    /// <summary>Puts the mean loss of the held micro-batches into <see cref="ControlVector.HighestLoss"/>.</summary>
    public void NoteLoss() => Control.HighestLoss = _held.Count == 0 ? 0
        : Control[ControlFlag.Unacceptable] ? float.NaN
        : (float)(Control[ControlSum.Loss] / FixedPoint.Scale(_recipe.Training.ReductionBits) / Divisor(Control[ControlSum.ScoredTokens], _held.Count));

    /// <summary>What a sum over micro-batches is to be divided by to give a mean as the recipe weighs it.</summary>
    private double Divisor(long scored, int microBatches) => _recipe.Batch.Weighting == Weighting.Token ? (double)scored / _fullMicroBatch : microBatches;

    private ModelOutput Forward(ModelInput input)
    {
        using Autocast? mixed = Model.EnterPrecision();
        return Model.Forward(input);
    }

    private Tensor Upload(int[] ids, MicroBatch batch)
    {
        Tensor host = tensor(ids, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length);
        return _device.type == DeviceType.CPU ? host : host.to(_device);
    }

    private bool AddLoss(double weighted)
    {
        bool acceptable = FixedPoint.TryConvert(weighted, FixedPoint.Scale(_recipe.Training.ReductionBits), out long value);
        Control[ControlSum.Loss] += value;
        return acceptable;
    }

    private void Observe(int? loops, Tensor? regulariser, double weight)
    {
        Control[ControlSum.Loops] += loops ?? 0;
        if (regulariser is null) return;
        Control[ControlSum.Regularised]++;
        double value = Math.Min(regulariser.to(ScalarType.Float64).item<double>(), MostRegulariser);
        if (FixedPoint.TryConvert(value * weight, RegulariserScale, out long part)) Control[ControlSum.Regulariser] += part;
    }

    /// <summary>Computes a micro-batch and forgets it.</summary>
    /// <param name="batch">One of the step in progress, of which nothing is held.</param>
    /// <returns>SHA-256 of its loss and its gradient sums, lower-case hexadecimal: equal wherever a run may be shared.</returns>
    public string Try(MicroBatch batch)
    {
        Compute(batch);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var scope = NewDisposeScope()) hash.AppendData(Sums.cpu().bytes);
        hash.AppendData(BitConverter.GetBytes(Control[ControlSum.Loss]));
        Drop();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Gives up the micro-batches held for the step in progress.</summary>
    public void Drop()
    {
        _held.Clear();
        Control.Clear();
        using (no_grad()) Sums.zero_();
    }

    /// <summary>Applies a prepared step: clipping, schedule, optimizer. Pure in the reduced values, so every worker does the same.</summary>
    /// <param name="sums">The reduced gradient sums, flat.</param>
    /// <param name="control">The reduced control vector.</param>
    /// <exception cref="LoopedException">A micro-batch is missing or double, or a gradient was not acceptable and the recipe says `stop`.</exception>
    public CommittedStep Commit(Tensor sums, ControlVector control)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(control);
        control.RequireComplete(Step, _recipe.Batch.MicroBatches());
        double rate = LearningRate.At(_recipe.Schedule, _recipe.Optimizer.LearningRate, Step, _recipe.Training.Steps);
        long scored = control[ControlSum.ScoredTokens];
        double divisor = Divisor(scored, _recipe.Batch.MicroBatches());
        bool skip = control[ControlFlag.Unacceptable] || scored == 0;
        if (skip && _recipe.Training.OnNonfinite == OnNonfinite.Stop)
            throw new LoopedException(
                $"Step {Step + 1}: the loss or a gradient is not finite or is too large, and training.on_nonfinite is `stop`. " +
                "Lower optimizer.learning_rate, set optimizer.clip_norm, or use `skip` to leave such updates out.");

        double norm = double.NaN;
        if (!skip)
        {
            double mean = 1 / (_scale * divisor);
            norm = Math.Sqrt(_kernels.SquaredNorm(sums, mean));
            double clip = _recipe.Optimizer.ClipNorm > 0 ? Math.Min(1, _recipe.Optimizer.ClipNorm / (norm + 1e-6)) : 1;
            _optimizer.Update(_parameters.Values, sums, mean * clip, rate, control.IsTouched);
        }
        double loss = skip ? double.NaN
            : control[ControlSum.Loss] / FixedPoint.Scale(_recipe.Training.ReductionBits) / divisor;
        double? loops = control[ControlSum.Loops] > 0 ? (double)control[ControlSum.Loops] / _recipe.Batch.MicroBatches() : null;
        double? regulariser = control[ControlSum.Regularised] == 0 ? null : skip ? double.NaN : control[ControlSum.Regulariser] / RegulariserScale / divisor;
        var committed = new CommittedStep(Step, loss, scored, norm, rate, skip, loops, regulariser);
        Step++;
        Tokens += scored;
        if (skip) SkippedSteps++;
        Drop();
        return committed;
    }

    /// <summary>Sets the counters when state is restored.</summary>
    internal void SetCounters(long step, long tokens, long skippedSteps) => (Step, Tokens, SkippedSteps) = (step, tokens, skippedSteps);

    /// <summary>SHA-256 over the parameters in layout order, padding left out, as lower-case hexadecimal.</summary>
    public string WeightsHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var scope = NewDisposeScope();
        Tensor host = _parameters.Values.cpu();
        foreach (ParameterSlot slot in Layout.Slots)
            using (Tensor slice = FlatParameters.Slice(host, slot)) hash.AppendData(slice.bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sums.Dispose();
        _optimizer.Dispose();
        _parameters.Dispose();
        Model.Dispose();
    }
}
