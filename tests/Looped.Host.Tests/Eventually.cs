using System.Diagnostics;

namespace Looped.Host.Tests;

/// <summary>Waits for something that other processes bring about.</summary>
internal static class Eventually
{
    /// <summary>Asks again and again until it holds, and fails with what was found if it does not in time.</summary>
    /// <param name="patience">How long.</param>
    /// <param name="holds">The question.</param>
    /// <param name="found">What to say of the failure.</param>
    public static async Task Holds(TimeSpan patience, Func<Task<bool>> holds, Func<string> found)
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(waited.Elapsed < patience, found());
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
