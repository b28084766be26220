using Looped.Models.Layers;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>A router of the adaptive variants: a number for each token, the larger the more it deserves another repeat.</summary>
internal sealed class Router : nn.Module<Tensor, Tensor>
{
    private readonly Linear mod_router;

    /// <summary>A router over D channels.</summary>
    public Router(CoTFormerConfig config) : base(nameof(Router))
    {
        mod_router = new Linear(config.Width, 1, hasBias: false);
        RegisterComponents();
    }

    /// <summary>(B, n, D) → logits (B, n, 1).</summary>
    public override Tensor forward(Tensor input) => mod_router.forward(input);

    /// <summary>
    /// Divides tokens by their logits. Which of several equal logits go on is left to LibTorch's top-k, as in the reference; both parts
    /// keep the order the tokens had.
    /// </summary>
    /// <param name="logits">(B, n, 1).</param>
    /// <param name="count">k, how many of each sequence go on.</param>
    /// <returns>Places 0 … n − 1 of those that go on, int64 (B, k), and of those that halt, (B, n − k).</returns>
    public static (Tensor Chosen, Tensor Halted) Divide(Tensor logits, int count)
    {
        using var scope = NewDisposeScope();
        long n = logits.shape[1];
        (Tensor _, Tensor top) = logits.detach().squeeze(2).topk(count, dim: 1, largest: true, sorted: false);      // (B, k)
        Tensor halts = ones([logits.shape[0], n], dtype: ScalarType.Int64, device: logits.device).scatter(1, top, zeros_like(top));
        // Chosen tokens first, and within each part by place: the numbers are distinct, so any sort gives this order.
        Tensor order = argsort(halts.mul(Number(n)).Plus(Range(0, n, logits.device)), dim: 1);                              // (B, n)
        return (order.narrow(1, 0, count).MoveToOuterDisposeScope(), order.narrow(1, count, n - count).MoveToOuterDisposeScope());
    }
}
