using System.Runtime.CompilerServices;
using Looped.Models.Native;

namespace Looped.Tests;

/// <summary>Lets a test use TorchSharp before it uses the library under test.</summary>
internal static class TorchSetup
{
#pragma warning disable CA2255 // Tests have no other place that runs before everything else.
    [ModuleInitializer]
    internal static void Prepare() => LibTorchLoader.Prepare();
#pragma warning restore CA2255
}
