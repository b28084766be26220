namespace Looped.Host.Clustering;

/// <summary>Standard input as a leash: it closes when the process at its other end dies, however that came.</summary>
internal static class InputWatch
{
    /// <summary>Calls back once standard input is closed; what comes from it is thrown away.</summary>
    public static void WhenClosed(Action then) => new Thread(() =>
    {
        using Stream input = Console.OpenStandardInput();
        Span<byte> some = stackalloc byte[64];
        while (input.Read(some) > 0)
        {
        }
        then();
    })
    { IsBackground = true, Name = "input" }.Start();
}
