namespace Looped.Host.CommandLine;

/// <summary>What the program's exit code says to a scheduler, a script or a person.</summary>
internal static class ExitCode
{
    /// <summary>The work is finished.</summary>
    public const int Finished = 0;

    /// <summary>Something failed; the last line on standard error says what.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the recipe cannot be used as it is.</summary>
    public const int BadUsage = 2;

    /// <summary>No cluster answers (EX_UNAVAILABLE).</summary>
    public const int NoCluster = 69;

    /// <summary>Drained after notice with the run unfinished: start it again (EX_TEMPFAIL; a scheduler requeues it).</summary>
    public const int Drained = 75;

    /// <summary>Ctrl-C; the checkpoint is written and the command to resume was printed.</summary>
    public const int Interrupted = 130;
}
