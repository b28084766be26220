using Akka.Event;

namespace Looped.Actors.Clustering;

/// <summary>
/// Stands in while an actor system's own loggers are not yet, or no longer, there. Akka's would write to the standard output, which
/// belongs to the program's user.
/// </summary>
public sealed class SilentLogger : MinimalLogger
{
    /// <inheritdoc/>
    protected override void Log(object message)
    {
    }
}
