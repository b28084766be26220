using static TorchSharp.torch;

namespace Looped.Models.Families;

/// <summary>What a loop did to the hidden state.</summary>
/// <param name="Update">‖h(t+1) − h(t)‖ ÷ ‖h(t)‖ over all tokens that the loop computed; NaN where it computed none.</param>
/// <param name="Active">Share of the tokens that it computed.</param>
public readonly record struct LoopNumbers(double Update, double Active);

/// <summary>
/// Looks at the hidden state as it goes through the loops of one pass. It changes nothing that the pass computes; the numbers stay on the
/// device until <see cref="Read"/>.
/// </summary>
public sealed class LoopWatch : IDisposable
{
    private readonly List<(Tensor Update, Tensor? Active, double Share)> _loops = [];
    private readonly List<double> _routers = [];

    /// <summary>Share of the tokens that reached each router, from the first, that it sent on.</summary>
    public IReadOnlyList<double> Routers => _routers;

    /// <summary>A loop is done.</summary>
    /// <param name="before">The state it was given, of the tokens that it computed; any shape.</param>
    /// <param name="after">The state it made, of that shape.</param>
    /// <param name="active">Share of the tokens that it computed.</param>
    public void Loop(Tensor before, Tensor after, double active = 1) => _loops.Add((Change(before, after), null, active));

    /// <summary>A loop is done in which the tokens that halted are among the others.</summary>
    /// <param name="before">The state it was given.</param>
    /// <param name="after">The state it made.</param>
    /// <param name="active">Bool: which tokens it computed.</param>
    public void Loop(Tensor before, Tensor after, Tensor active)
    {
        ArgumentNullException.ThrowIfNull(active);
        using var quiet = no_grad();
        using Tensor numbers = active.to(ScalarType.Float32);
        _loops.Add((Change(before, after), numbers.mean().DetachFromDisposeScope(), 0));
    }

    /// <summary>A router has decided.</summary>
    /// <param name="load">Share of the tokens that reached it and go on.</param>
    public void Route(double load) => _routers.Add(load);

    /// <summary>The numbers of every loop, from the first. Waits for the device.</summary>
    public IReadOnlyList<LoopNumbers> Read() =>
        [.. _loops.Select(l => new LoopNumbers(Number(l.Update), l.Active is { } active ? Number(active) : l.Share))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((Tensor update, Tensor? active, _) in _loops)
        {
            update.Dispose();
            active?.Dispose();
        }
        _loops.Clear();
    }

    private static Tensor Change(Tensor before, Tensor after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        return ((after - before).norm() / before.norm()).DetachFromDisposeScope();
    }

    private static double Number(Tensor scalar)
    {
        using Tensor wide = scalar.to(ScalarType.Float64);
        return wide.item<double>();
    }
}
