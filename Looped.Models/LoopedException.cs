namespace Looped.Models;

/// <summary>
/// An error for a person: the message is one sentence (or a few) that says what is wrong, where (file, key, line), and what to do.
/// The program prints the message without a stack trace.
/// </summary>
public class LoopedException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What is wrong, where, and what to do.</param>
    /// <param name="inner">The cause, if another exception was.</param>
    public LoopedException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>No cluster answers: exit code 69.</summary>
public sealed class NoClusterException : LoopedException
{
    /// <inheritdoc cref="LoopedException(string, Exception?)"/>
    public NoClusterException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>A recipe, an option or a file given by the user cannot be used as it is: exit code 2.</summary>
public sealed class UsageException : LoopedException
{
    /// <inheritdoc cref="LoopedException(string, Exception?)"/>
    public UsageException(string message, Exception? inner = null) : base(message, inner) { }
}
