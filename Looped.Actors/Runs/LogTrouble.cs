using System.Globalization;

namespace Looped.Actors.Runs;

/// <summary>Turns the state of logs that may have to wait for room into what people are told: once when it begins, once when it is over.</summary>
internal sealed class LogTrouble
{
    private string? _remark;
    private bool _waiting;
    private int _givenUp;

    /// <summary>How the logs are now.</summary>
    /// <param name="error">Why lines wait; null if none do.</param>
    /// <param name="givenUp">Lines given up so far, because too many waited.</param>
    public void Note(string? error, int givenUp)
    {
        if (error is not null && !_waiting)
            _remark = string.Create(CultureInfo.InvariantCulture, $"warning: {error} Training goes on; up to {PatientLog<StepAssignment>.Most:N0} lines of each log wait in memory and are written as soon as that is possible.");
        if (givenUp > 0 && _givenUp == 0)
            _remark = "warning: too many log lines wait to be written, and the oldest are given up from here on; no weight depends on them, but `looped audit` will miss their steps.";
        if (error is null && _waiting) _remark = "the run's logs can be written again, and the lines that waited are there";
        (_waiting, _givenUp) = (error is not null, givenUp);
    }

    /// <summary>What is to be told, once.</summary>
    public string? Take()
    {
        string? remark = _remark;
        _remark = null;
        return remark;
    }
}
