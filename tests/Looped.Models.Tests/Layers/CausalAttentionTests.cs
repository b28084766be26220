using Looped.Models.Layers;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Layers;

/// <summary>The definition, step by step, with the mask tiled over the repeats, against the kernel that works by groups of queries.</summary>
public class CausalAttentionTests
{
    [Theory]
    [InlineData(1, 1, null)]
    [InlineData(5, 3, null)]
    [InlineData(127, 2, null)]
    [InlineData(128, 2, null)]
    [InlineData(150, 3, null)]
    [InlineData(200, 1, 5)]
    [InlineData(150, 3, 5)]
    public void Values_and_gradients_are_those_of_the_definition(int tokens, int repeats, int? window)
    {
        using var scope = NewDisposeScope();
        using var attention = new CausalAttention(window);
        Tensor[] ours = Inputs(tokens, repeats), theirs = Inputs(tokens, repeats);
        Tensor direction = Normal([2, tokens, 24], "direction");

        Tensor output = attention.Attend(ours[0], Join(ours[1]), Join(ours[2]), repeats), expected = Definition(theirs, repeats, window);
        (output * direction).sum().backward();
        (expected * direction).sum().backward();

        Assert.True(output.allclose(expected, rtol: 0, atol: 1e-12), $"{(output - expected).abs().max().item<double>()}");
        Assert.All(ours.Zip(theirs), pair => Assert.True(pair.First.grad!.allclose(pair.Second.grad!, rtol: 0, atol: 1e-12)));
    }

    [Fact]
    public void Another_length_gets_another_mask()
    {
        using var scope = NewDisposeScope();
        using var attention = new CausalAttention(window: null);
        foreach (int tokens in (int[])[130, 140, 130])
        {
            Tensor[] inputs = Inputs(tokens, 2);
            Assert.True(attention.Attend(inputs[0], Join(inputs[1]), Join(inputs[2]), 2).allclose(Definition(inputs, 2, null), rtol: 0, atol: 1e-12), $"{tokens} tokens");
        }
    }

    /// <summary>Queries (B, T, H, h), keys and values (R, B, T, H, h).</summary>
    private static Tensor[] Inputs(int tokens, int repeats) =>
        [Normal([2, tokens, 3, 8], "queries").requires_grad_(), Normal([repeats, 2, tokens, 3, 8], "keys").requires_grad_(), Normal([repeats, 2, tokens, 3, 8], "values").requires_grad_()];

    private static Tensor Normal(long[] shape, string name)
    {
        Tensor tensor = empty(shape, dtype: ScalarType.Float64);
        RandomStream.Create(7, name).FillNormal_(tensor, 1);
        return tensor;
    }

    /// <summary>As a store joins what its repeats hold.</summary>
    private static Tensor Join(Tensor repeats)
    {
        using var store = new KeyValueStore();
        Tensor joined = repeats;
        for (int r = 0; r < repeats.shape[0]; r++) (joined, _) = store.Append(r, repeats[r], repeats[r].clone(), EarlierRepeats.ByPosition);
        return joined.alias();
    }

    private static Tensor Definition(Tensor[] inputs, int repeats, int? window)
    {
        (Tensor q, Tensor k, Tensor v) = (inputs[0].transpose(1, 2), inputs[1].permute(1, 3, 0, 2, 4).flatten(2, 3), inputs[2].permute(1, 3, 0, 2, 4).flatten(2, 3));
        long tokens = q.shape[2];
        Tensor i = arange(tokens).unsqueeze(1), j = arange(tokens).unsqueeze(0);
        Tensor hidden = (window is { } w ? (j > i).logical_or(j < i - w) : j > i).repeat(1, repeats);
        Tensor shares = (matmul(q, k.transpose(2, 3)) / Math.Sqrt(8)).masked_fill(hidden, double.NegativeInfinity).softmax(-1);
        return matmul(shares, v).transpose(1, 2).flatten(2);
    }
}
