namespace Looped.Models.Tests;

/// <summary>Tests that change something the whole process shares, such as LibTorch's thread count: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
