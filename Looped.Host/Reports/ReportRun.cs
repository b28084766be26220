using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.Inspection;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;

namespace Looped.Host.Reports;

/// <summary>A run as the report shows it.</summary>
/// <param name="Name">Its name on the page.</param>
/// <param name="Records">What its folder tells.</param>
/// <param name="Recipe">The resolved recipe as text; null if it is not there.</param>
/// <param name="Info">What its newest checkpoint says about it; null if there is none.</param>
/// <param name="Colour">CSS class of its colour.</param>
internal sealed record ReportRun(string Name, RunRecords Records, string? Recipe, CheckpointInfo? Info, string Colour)
{
    private const int Colours = 8;

    /// <summary>Reads a run, finished or not.</summary>
    /// <param name="run">Its folder.</param>
    /// <param name="index">Which run of the page it is.</param>
    public static ReportRun Read(RunFolder run, int index)
    {
        RunRecords records = RunRecords.Read(run);
        var gaps = new List<string>(records.Gaps);
        if (!File.Exists(run.Recipe)) gaps.Add("recipe.yaml is missing");
        CheckpointInfo? info = null;
        if (CheckpointStore.Steps(run.Checkpoints) is [.., long newest])
        {
            try
            {
                info = CheckpointReader.ReadInfo(CheckpointStore.PathOf(run.Checkpoints, newest));
            }
            catch (LoopedException e)
            {
                gaps.Add(e.Message);
            }
        }
        else gaps.Add("there is no checkpoint, so nothing says on what the run was computed");
        return new ReportRun(run.Name, records with { Gaps = gaps }, File.Exists(run.Recipe) ? File.ReadAllText(run.Recipe) : null, info, $"c{index % Colours}");
    }

    /// <summary>Committed steps.</summary>
    public IReadOnlyList<StepReport> Steps => Records.Steps;

    /// <summary>What happened.</summary>
    public IReadOnlyList<RunEvent> Events => Records.Events;

    /// <summary>The recipe, bound; null if it is not there or of another version.</summary>
    public RunRecipe? Bound()
    {
        if (Recipe is null) return null;
        try
        {
            return RecipeFile.Parse<RunRecipe>(Recipe, "recipe.yaml", []);
        }
        catch (UsageException)
        {
            return null;
        }
    }

    /// <summary>Minutes from the first event; null without events.</summary>
    public double? Minutes(DateTime time) => Events.Count == 0 ? null : (time - Events[0].Time).TotalMinutes;

    /// <summary>When something was last heard of the run, in minutes from the first event.</summary>
    public double LastMinute => Math.Max(Minutes(Events[^1].Time) ?? 0, File.Exists(Records.Folder.Metrics) ? Minutes(File.GetLastWriteTimeUtc(Records.Folder.Metrics)) ?? 0 : 0);
}
