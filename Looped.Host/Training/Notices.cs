namespace Looped.Host.Training;

/// <summary>What a signal asks for.</summary>
internal enum NoticeEffect
{
    /// <summary>Nothing: it belongs to a notice that has been taken already.</summary>
    None,

    /// <summary>Leave after the step in progress.</summary>
    Leave,

    /// <summary>Leave without finishing it.</summary>
    Hurry,

    /// <summary>End the process now.</summary>
    Exit,
}

/// <summary>
/// Signals as notices. One notice often comes as several signals: a scheduler sends two kinds of them, a terminal and a parent process
/// both pass a Ctrl-C on, a key is held. What comes within two seconds of a notice is the same one. Pure: the times are given.
/// </summary>
internal sealed record Notices
{
    /// <summary>Signals within this long of a notice are part of it.</summary>
    public static readonly TimeSpan SameNotice = TimeSpan.FromSeconds(2);

    /// <summary>So many Ctrl-C, each a notice of its own, end the process at once.</summary>
    public const int LastInterrupt = 3;

    /// <summary>The signal that began the first notice; null before it.</summary>
    public string? First { get; private init; }

    private TimeSpan Since { get; init; }

    private bool Interrupted { get; init; }

    /// <summary>Notices with a SIGINT among their signals.</summary>
    private int Interrupts { get; init; }

    /// <summary>Takes a signal in.</summary>
    /// <param name="signal">Its name, such as SIGTERM.</param>
    /// <param name="at">When it came, by any clock that does not go back.</param>
    public (Notices After, NoticeEffect Effect) Take(string signal, TimeSpan at)
    {
        if (signal == "SIGCONT") return (this, NoticeEffect.None); // schedulers send it along, to wake who was stopped
        bool begins = First is null || at - Since >= SameNotice;
        bool interrupt = signal == "SIGINT" && (begins || !Interrupted);
        Notices after = this with
        {
            First = First ?? signal,
            Since = begins ? at : Since,
            Interrupted = interrupt || (!begins && Interrupted),
            Interrupts = Interrupts + (interrupt ? 1 : 0),
        };
        NoticeEffect effect = interrupt && after.Interrupts == LastInterrupt ? NoticeEffect.Exit
            : !begins ? NoticeEffect.None
            : First is null ? NoticeEffect.Leave : NoticeEffect.Hurry;
        return (after, effect);
    }
}
