namespace Looped.Host.Doctor;

/// <summary>How much a finding matters.</summary>
internal enum Severity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Training works, though not as well as it could.</summary>
    Warn,

    /// <summary>Training does not work here.</summary>
    Fail,
}

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Subject">What it is about, one or two words.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Fact">What was found.</param>
/// <param name="Remedy">What to do; null when there is nothing to do.</param>
internal sealed record Finding(string Subject, Severity Severity, string Fact, string? Remedy = null)
{
    public static Finding Ok(string subject, string fact) => new(subject, Severity.Ok, fact);

    public static Finding Warn(string subject, string fact, string remedy) => new(subject, Severity.Warn, fact, remedy);

    public static Finding Fail(string subject, string fact, string remedy) => new(subject, Severity.Fail, fact, remedy);
}
