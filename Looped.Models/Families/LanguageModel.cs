using Looped.Models.Native;
using Looped.Models.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Families;

/// <summary>Where in a run a micro-batch stands; with it a model can draw once for a whole step, or change with the step.</summary>
/// <param name="Seed">The recipe's seed.</param>
/// <param name="Step">The step, from 0.</param>
/// <param name="MicroBatch">Its number within the step, 0 … M−1.</param>
/// <param name="MicroBatches">M.</param>
public readonly record struct TrainingPlace(long Seed, long Step, int MicroBatch, int MicroBatches);

/// <summary>What a forward pass is given.</summary>
/// <param name="Tokens">Token ids, int64, (B, T).</param>
/// <param name="Targets">Target ids, int64, (B, T), −1 where nothing is scored; null to get only the last position's logits.</param>
/// <param name="Random">Source of every draw (dropout, loop counts …) in training; null means evaluation: no dropout, no draws.</param>
/// <param name="Loops">Number of repeats to run instead of the configured one; null for the configured one.</param>
/// <param name="LengthFactors">Models that let tokens halt: the share of the tokens that enters each repeat after the first; null for the configured ones.</param>
/// <param name="Place">Where in a run the micro-batch stands; null in evaluation.</param>
/// <param name="Watch">Told what each loop does to the hidden state; null for nobody.</param>
/// <param name="Cuts">Takes the cuts of <see cref="LanguageModel.BackwardStages"/>, and differentiates afterwards; null for a graph in one piece.</param>
public sealed record ModelInput(Tensor Tokens, Tensor? Targets = null, RandomStream? Random = null, int? Loops = null,
    IReadOnlyList<double>? LengthFactors = null, TrainingPlace? Place = null, LoopWatch? Watch = null, BackwardCuts? Cuts = null)
{
    /// <summary>Whether dropout and random depths apply.</summary>
    public bool Training => Random is not null;
}

/// <summary>What a forward pass gives. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Logits">(B, T, V) with targets, (B, 1, V) for the last position without.</param>
/// <param name="Loss">The objective, a scalar: mean over the scored tokens, extra terms included; null without targets.</param>
/// <param name="CrossEntropy">The plain next-token cross-entropy, a scalar, where it differs from <paramref name="Loss"/>; else null.</param>
/// <param name="AverageDepth">Mean number of layers executed per token; null where the family has no such notion.</param>
/// <param name="Loops">How often the looped layers ran; null where the family always runs the same.</param>
/// <param name="Regulariser">The penalty that is part of <paramref name="Loss"/>, unweighted, a scalar; null where there is none.</param>
/// <param name="FinishBackward">What is to be called after the loss's backward pass, for the gradients of activations that were not kept; null where all were.</param>
public sealed record ModelOutput(Tensor Logits, Tensor? Loss, Tensor? CrossEntropy = null, double? AverageDepth = null, int? Loops = null, Tensor? Regulariser = null,
    Action? FinishBackward = null);

/// <summary>
/// A model of any family, as the trainer, the evaluator and the generator see it. Parameter names are those of the reference
/// checkpoints (a tied tensor once), so that a Python user can load what is saved.
/// </summary>
public abstract class LanguageModel : nn.Module
{
    /// <summary>Creates the module.</summary>
    protected LanguageModel(string name) : base(name) { }

    /// <summary>V, rows of the token embedding.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>T, the trained sequence length.</summary>
    public abstract int SequenceLength { get; }

    /// <summary>The kind of device on which matrix products are in bfloat16; null if everything is in the parameters' own type.</summary>
    internal DeviceType? Mixed { get; set; }

    /// <summary>What <see cref="Forward"/> is to be called within, to compute in the precision that the recipe asks for; null if that is the parameters' own.</summary>
    internal Autocast? EnterPrecision() => Mixed is { } device ? Autocast.BFloat16(device) : null;

    /// <summary>Number of repeats that a pass runs as configured; null where the family has no such notion, or where it differs from pass to pass.</summary>
    public virtual int? Loops => null;

    /// <summary>Runs the model. See <see cref="ModelInput"/> and <see cref="ModelOutput"/> for shapes.</summary>
    public abstract ModelOutput Forward(ModelInput input);

    /// <summary>A fresh decoder with empty key–value caches for <paramref name="sequences"/> sequences.</summary>
    /// <param name="sequences">B.</param>
    /// <param name="loops">Number of repeats, or null for the configured one.</param>
    public abstract IDecoder StartDecoding(int sequences, int? loops = null);

    /// <summary>Whether weight decay applies to a parameter.</summary>
    /// <param name="parameterName">A name from <see cref="nn.Module.named_parameters"/>.</param>
    public abstract bool Decays(string parameterName);

    /// <summary>
    /// Multiply–accumulates of matrix products in one forward of one sequence, dense masks
    /// (`macs` vectors; CoTFormer spec section 8).
    /// </summary>
    /// <param name="sequenceLength">T.</param>
    /// <param name="loops">Number of repeats, or null for the configured one.</param>
    /// <param name="scored">Positions that the head computes: the last one as in the references, or all T as in training.</param>
    public abstract long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1);

    /// <summary>
    /// Names, or beginnings of names, of the parameters whose gradients are complete when the backward pass comes to the cut of the same
    /// index, from the output to the input; what is not named is complete at the end. A looped block is complete only when its first
    /// repeat has been differentiated. Empty where <see cref="Forward"/> does not cut.
    /// </summary>
    public virtual IReadOnlyList<IReadOnlyList<string>> BackwardStages => [];

    /// <summary>An estimate of the bytes of activations kept for one micro-batch's backward pass.</summary>
    /// <param name="sequences">B.</param>
    /// <param name="sequenceLength">T.</param>
    /// <param name="bytesPerElement">4 for float32, 8 for float64.</param>
    public abstract long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement);

    /// <summary>Number of trained numbers; a tied tensor counts once.</summary>
    public long ParameterCount() => named_parameters().Sum(p => p.parameter.numel());
}

/// <summary>Generates token by token, keeping keys and values of every layer and repeat.</summary>
public interface IDecoder : IDisposable
{
    /// <summary>Feeds tokens (the prompt, then one at a time) and gives the logits of the last position.</summary>
    /// <param name="tokens">int64, (B, t).</param>
    /// <returns>(B, V), owned by the caller.</returns>
    Tensor Next(Tensor tokens);
}
