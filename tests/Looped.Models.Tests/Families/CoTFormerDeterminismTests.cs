using System.Security.Cryptography;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Randomness;
using TorchSharp;
using static Looped.Models.Tests.Families.CoTFormers;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>What depends on LibTorch's thread count, which a process has only one of.</summary>
[Collection(nameof(AloneInTheProcess))]
public class CoTFormerDeterminismTests
{
    /// <summary>One of each variant.</summary>
    public static TheoryData<string> Names => [.. Configs.DistinctBy(c => c.Value.Variant).Select(c => c.Key)];

    [Theory, MemberData(nameof(Names))]
    public void The_same_micro_batch_gives_the_same_bits_twenty_times_on_two_threads(string name)
    {
        int threads = get_num_threads();
        set_num_threads(2);
        try
        {
            using LanguageModel model = Create(Configs[name] with { Dropout = 0.1, Width = 96, SequenceLength = 64 });
            string[] hashes = [.. Enumerable.Range(0, 20).Select(_ => HashOfAMicroBatch(model))];
            Assert.Single(hashes.Distinct());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static string HashOfAMicroBatch(LanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        model.zero_grad();
        ModelOutput output = model.Forward(new ModelInput(Tokens(4, 64), Tokens(4, 64, seed: 2), RandomStream.ForMicroBatch(1, 2, 3)));
        output.Loss!.backward();
        hash.AppendData(output.Loss.bytes);
        foreach (var (_, parameter) in model.named_parameters())
            if (parameter.grad is { } gradient) hash.AppendData(gradient.contiguous().bytes);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    [Fact]
    public void A_forward_and_backward_leave_no_tensor_behind()
    {
        using LanguageModel model = Create(Small with { Variant = "ln_cotformer", DepthEmbedding = DepthEmbeddingKind.Learned, Dropout = 0.1 });
        HashOfAMicroBatch(model);
        DisposeScopeManager.Statistics.Reset();
        HashOfAMicroBatch(model);
        ThreadDisposeScopeStatistics counts = DisposeScopeManager.Statistics;
        Assert.Equal(0, counts.ThreadTotalLiveCount);
    }
}
