using Looped.Models.Data.Tasks;
using Looped.Models.Families;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>How many sums came out right.</summary>
/// <param name="Loops">The number of loops at which they were asked for.</param>
/// <param name="Correct">Answers that are the sum in every digit.</param>
/// <param name="Total">Sums asked for.</param>
public sealed record AdditionScore(int Loops, int Correct, int Total)
{
    /// <summary>The share that is right, 0 … 1.</summary>
    public double Accuracy => (double)Correct / Total;
}

/// <summary>Exact match of greedy answers to sums (STARS, section 1.4).</summary>
public static class AdditionAccuracy
{
    private const int BatchProblems = 1000;

    /// <summary>Asks for sums at one number of loops.</summary>
    /// <param name="model">A model of the addition task, on its device.</param>
    /// <param name="problems">What to ask.</param>
    /// <param name="loops">The number of loops.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    public static AdditionScore Measure(LanguageModel model, IReadOnlyList<AdditionProblem> problems, int loops, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(problems);
        int correct = 0;
        // A batch is of prompts of one length, so that no padding stands before an answer.
        foreach (IGrouping<int, AdditionProblem> alike in problems.GroupBy(p => p.Text.PromptLength))
            foreach (AdditionProblem[] batch in alike.Chunk(BatchProblems))
            {
                cancellation.ThrowIfCancellationRequested();
                int[][] written = Write(model, batch, loops);
                correct += batch.Where((p, i) => AdditionText.Read(written[i].AsSpan(0, p.Text.AnswerLength)) == p.Answer).Count();
            }
        return new AdditionScore(loops, correct, problems.Count);
    }

    /// <summary>Continues prompts greedily by as many tokens as the longest answer has; an end does not stop it.</summary>
    private static int[][] Write(LanguageModel model, AdditionProblem[] problems, int loops)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        using Autocast? mixed = model.EnterPrecision();
        using IDecoder decoder = model.StartDecoding(problems.Length, loops);
        Device device = model.parameters().First().device;
        Tensor next = tensor([.. problems.SelectMany(p => p.Text.Prompt)], dtype: ScalarType.Int64).view(problems.Length, -1).to(device);
        var columns = new List<Tensor>();
        for (int most = problems.Max(p => p.Text.AnswerLength); columns.Count < most;)
        {
            next = decoder.Next(next).argmax(-1, keepdim: true);
            columns.Add(next);
        }
        long[] ids = [.. cat(columns, 1).cpu().data<long>()];
        return [.. ids.Select(id => (int)id).Chunk(columns.Count)];
    }
}
