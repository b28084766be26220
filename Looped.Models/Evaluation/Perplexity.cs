using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>Validation quality of a model.</summary>
/// <param name="Loss">Mean cross-entropy per scored token, nats.</param>
/// <param name="StandardError">Standard error of <paramref name="Loss"/>, from the spread of the sequences' losses.</param>
/// <param name="Accuracy">Share of scored tokens whose most likely prediction was right.</param>
/// <param name="Tokens">Scored tokens.</param>
/// <param name="Sequences">Sequences read.</param>
public sealed record PerplexityResult(double Loss, double StandardError, double Accuracy, long Tokens, long Sequences)
{
    /// <summary>exp(Loss).</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>The 95 % interval of the perplexity: exp(Loss ± 1.96 standard errors).</summary>
    public (double Low, double High) Interval => (Math.Exp(Loss - 1.96 * StandardError), Math.Exp(Loss + 1.96 * StandardError));
}

/// <summary>Measures next-token cross-entropy without training.</summary>
public static class Perplexity
{
    /// <summary>Runs the model over batches.</summary>
    /// <param name="model">The model, on its device; used in evaluation mode.</param>
    /// <param name="batches">What to predict.</param>
    /// <param name="loops">Number of repeats, or null for the configured one.</param>
    /// <param name="progress">Called with the sequences done so far.</param>
    /// <param name="lengthFactors">As in <see cref="ModelInput.LengthFactors"/>.</param>
    /// <param name="sequenceLoss">Called with the mean loss of each sequence, in order.</param>
    /// <param name="cancellation">Ends the measurement between two batches.</param>
    /// <exception cref="LoopedException">There was no scored token.</exception>
    public static PerplexityResult Measure(LanguageModel model, IEnumerable<MicroBatch> batches, int? loops = null,
        Action<long>? progress = null, IReadOnlyList<double>? lengthFactors = null, Action<double>? sequenceLoss = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        using IDisposable noGrad = no_grad();
        Device device = model.parameters().First().device;
        double sum = 0, right = 0, means = 0, squares = 0;
        long tokens = 0, sequences = 0;
        foreach (MicroBatch batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor input = tensor(batch.Tokens, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length).to(device);
            Tensor targets = tensor(batch.Targets, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length).to(device);
            using Autocast? mixed = model.EnterPrecision();
            Tensor logits = model.Forward(new ModelInput(input, targets, Loops: loops, LengthFactors: lengthFactors)).Logits;
            Tensor scored = targets.ne(Number(MicroBatch.Ignored));
            Tensor losses = nn.functional.cross_entropy(logits.view(-1, model.VocabularySize), targets.view(-1),
                ignore_index: MicroBatch.Ignored, reduction: nn.Reduction.None).view(batch.Sequences, batch.Length).to(ScalarType.Float64);
            double[] perSequence = [.. losses.sum(1).cpu().data<double>()];
            long[] counts = [.. scored.sum(1).cpu().data<long>()];
            right += (logits.argmax(-1).eq(targets) & scored).sum().item<long>();
            for (int i = 0; i < counts.Length; i++)
            {
                if (counts[i] == 0) continue;
                double mean = perSequence[i] / counts[i];
                sum += perSequence[i];
                tokens += counts[i];
                means += mean;
                squares += mean * mean;
                sequences++;
                sequenceLoss?.Invoke(mean);
            }
            progress?.Invoke(sequences);
        }
        if (tokens == 0) throw new LoopedException("There is no scored token in the validation data.");
        double spread = Math.Max(0, squares / sequences - means / sequences * (means / sequences));
        double error = sequences > 1 ? Math.Sqrt(spread / (sequences - 1)) : double.NaN;
        return new PerplexityResult(sum / tokens, error, right / tokens, tokens, sequences);
    }
}
