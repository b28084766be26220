using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>Why a ring is of no use any more.</summary>
/// <param name="Message">The cause, for a person.</param>
/// <param name="Lost">The ranks to blame; empty if none is.</param>
internal sealed record Breakage(string Message, IReadOnlyList<int> Lost)
{
    public CollectiveBrokenException ToException(Exception? cause = null) => new(Message, cause) { Lost = Lost };
}

/// <summary>A rank's four connections.</summary>
/// <param name="DataIn">Values from the previous rank.</param>
/// <param name="DataOut">Values to the next rank.</param>
/// <param name="PreviousBeacon">Signs of life from and to the previous rank.</param>
/// <param name="NextBeacon">Signs of life from and to the next rank.</param>
internal sealed record RingLinks(Socket DataIn, Socket DataOut, Socket PreviousBeacon, Socket NextBeacon);
