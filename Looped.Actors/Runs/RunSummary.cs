using System.Text.Json;
using Looped.Actors.Telemetry;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>How a run stands at the end of a process.</summary>
public enum RunStatus
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Stopped before the last step, with a checkpoint: the same command goes on.</summary>
    Interrupted,

    /// <summary>Ended by an error.</summary>
    Failed,
}

/// <summary>The content of `summary.json`.</summary>
/// <param name="Name">The recipe's name.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Steps">Committed steps.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Tokens">Tokens consumed.</param>
/// <param name="Parameters">Number of trained numbers.</param>
/// <param name="Validation">Validation before, after, and the unigram model beside it.</param>
/// <param name="WeightsSha256">Hash over the parameters in order.</param>
/// <param name="Seconds">Duration over all processes of the run.</param>
/// <param name="Goodput">Share of the workers' time spent in steps that count: 1 is nothing lost.</param>
/// <param name="Error">What ended a failed run; else null.</param>
/// <param name="Time">What the seconds of all workers of all processes were spent on; null in summaries of older versions.</param>
public sealed record RunSummary(string Name, RunStatus Status, long Steps, long TotalSteps, long Tokens, long Parameters,
    ValidationSummary Validation, string WeightsSha256, double Seconds, double Goodput, string? Error = null, TimeTotals? Time = null)
{
    /// <summary>Writes the file whole or not at all.</summary>
    /// <exception cref="LoopedException">It cannot be written.</exception>
    public void Write(string path) => DurableFiles.WriteAtomically(path, [.. JsonSerializer.SerializeToUtf8Bytes(this, RunJson.Document), (byte)'\n']);

    /// <summary>Reads the file; null if there is none.</summary>
    /// <exception cref="LoopedException">It is malformed or cannot be read.</exception>
    public static RunSummary? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<RunSummary>(File.ReadAllBytes(path), RunJson.Document);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>Validation of a run; a number that was not measured is null.</summary>
/// <param name="InitialPerplexity">Of the initial weights.</param>
/// <param name="FinalPerplexity">Of the last weights.</param>
/// <param name="BestPerplexity">The lowest of all evaluations.</param>
/// <param name="BestStep">Its step.</param>
/// <param name="UnigramPerplexity">Of a unigram model of the training data: what a model without context reaches.</param>
public sealed record ValidationSummary(double? InitialPerplexity, double? FinalPerplexity, double? BestPerplexity = null, long? BestStep = null,
    double? UnigramPerplexity = null);
