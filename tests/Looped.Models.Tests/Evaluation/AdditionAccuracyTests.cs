using Looped.Models.Data.Tasks;
using Looped.Models.Evaluation;
using Looped.Models.Families;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Evaluation;

public class AdditionAccuracyTests
{
    private static readonly AdditionProblem[] Problems = [.. AdditionGenerator.Generate(new(2, 30, 1, 0)).Train, .. AdditionGenerator.Generate(new(3, 20, 1, 0)).Train];

    /// <summary>Knows all sums, but gets those wrong whose sum is a multiple of the number of loops.</summary>
    private sealed class Calculator : LanguageModel
    {
        private readonly TorchSharp.Modules.Parameter nothing = new(zeros(1));

        public Calculator() : base("calculator") => RegisterComponents();

        public override int VocabularySize => AdditionText.Characters.Length;
        public override int SequenceLength => 16;
        public override ModelOutput Forward(ModelInput input) => throw new NotSupportedException();
        public override bool Decays(string parameterName) => false;
        public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) => nothing.numel();
        public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) => 0;
        public override IDecoder StartDecoding(int sequences, int? loops = null) => new Pen(loops!.Value);
    }

    private sealed class Pen(int loops) : IDecoder
    {
        private string[] _answers = [];
        private int _written;

        public Tensor Next(Tensor tokens)
        {
            if (_written == 0) _answers = [.. tokens.data<long>().Chunk((int)tokens.shape[1]).Select(Answer)];
            Tensor logits = zeros(_answers.Length, AdditionText.Characters.Length);
            foreach ((int row, string answer) in _answers.Index())
                logits[row, AdditionText.Characters.IndexOf(_written < answer.Length ? answer[_written] : '7', StringComparison.Ordinal)] = 1;
            _written++;
            return logits;
        }

        private string Answer(long[] prompt)
        {
            long[] numbers = [.. string.Concat(prompt.Select(id => AdditionText.Characters[(int)id])).TrimEnd('=').Split('+').Select(long.Parse)];
            long sum = numbers.Sum();
            return $" {string.Concat($"{(sum % loops == 0 ? sum + 1 : sum)}".Reverse())}";
        }

        public void Dispose() { }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100_000)]
    public void Sums_of_any_length_are_counted_when_every_digit_is_right(int loops)
    {
        using var model = new Calculator();
        AdditionScore score = AdditionAccuracy.Measure(model, Problems, loops, TestContext.Current.CancellationToken);
        Assert.Equal(new AdditionScore(loops, Problems.Count(p => p.Answer % loops != 0), 50), score);
    }

    [Theory]
    [InlineData(" 3846", 6483)]
    [InlineData("38=46§", 6483)]
    [InlineData(" 10", 1)]
    [InlineData(" 0", 0)]
    [InlineData("99999999999999999999", -1)]
    [InlineData(" §", null)]
    public void An_answer_is_its_digits_from_the_last_to_the_first(string answer, int? number)
    {
        Int128? read = AdditionText.Read([.. answer.Select(c => AdditionText.Characters.IndexOf(c, StringComparison.Ordinal))]);
        Assert.Equal(number == -1 ? Int128.Parse("99999999999999999999", System.Globalization.CultureInfo.InvariantCulture) : number, read);
    }
}
