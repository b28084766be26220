namespace Looped.Actors;

/// <summary>Dispatchers beside Akka's default one.</summary>
public static class Dispatchers
{
    /// <summary>Its own threads for actors that read and write files, so that a slow disk delays nobody else.</summary>
    public const string InputOutput = "looped.io-dispatcher";

    /// <summary>Their configuration.</summary>
    public const string Configuration = """
        looped.io-dispatcher {
          type = ForkJoinDispatcher
          throughput = 1
          dedicated-thread-pool { thread-count = 2, threadtype = background }
        }
        """;
}
