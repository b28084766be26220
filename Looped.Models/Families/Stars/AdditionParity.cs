using Looped.Models.Data;
using Looped.Models.Data.Tasks;
using Looped.Models.Evaluation.Parity;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>Kind `tokenizer_batch`: a batch of sums as token ids and labels.</summary>
internal sealed class AdditionParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        foreach (ParityCase parity in vector.Cases())
        {
            using var scope = NewDisposeScope();
            AdditionText[] rows =
            [
                .. Numbers(parity, "num1").Zip(Numbers(parity, "num2"), Numbers(parity, "answer")).Select(sum => AdditionText.Of(sum.First, sum.Second, sum.Third)),
            ];
            int length = rows.Max(r => r.Tokens.Length);
            Tensor targets = Table(rows.Select(r => r.Targets(length)), length);
            StarsParity.Offer(parity, "output.input_ids", () => Table(rows.Select(r => r.Padded(length)), length));
            StarsParity.Offer(parity, "output.labels", () => targets.masked_fill(targets.eq(Number(MicroBatch.Ignored)), Number(-100)));
            StarsParity.Offer(parity, "output.input_len", () => tensor([.. rows.Select(r => (long)r.PromptLength)]));
            yield return parity.Conclude();
        }
    }

    private static Tensor Table(IEnumerable<int[]> rows, int length) => tensor([.. rows.SelectMany(r => r).Select(id => (long)id)]).view(-1, length);

    private static long[] Numbers(ParityCase parity, string name) => [.. parity.Given($"input.{name}").to(ScalarType.Int64).data<long>()];
}
