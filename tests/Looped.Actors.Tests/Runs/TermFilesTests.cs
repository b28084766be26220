using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Tests.Runs;

/// <summary>What outlives a supervisor in the run folder.</summary>
public sealed class TermFilesTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("looped-terms-").FullName);
    private readonly NumericsFingerprint _numerics = new("2.10.0", 2, "avx512", 1, "cpu", "float32", new string('a', 64));

    public TermFilesTests() => Directory.CreateDirectory(_folder.Generations);

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    [Fact]
    public void The_first_worker_s_numerics_outlive_the_supervisor_and_stay_for_that_recipe()
    {
        var files = new TermFiles(_folder);
        Assert.Null(files.Numerics("recipe-a"));
        files.Keep("recipe-a", _numerics);
        files.Keep("recipe-a", _numerics with { Threads = 2 });
        Assert.Equal(_numerics, new TermFiles(_folder).Numerics("recipe-a"));
        Assert.Null(files.Numerics("recipe-b"));
    }

    [Fact]
    public void Damaged_numerics_are_an_error_that_says_what_to_do()
    {
        var files = new TermFiles(_folder);
        files.Keep("recipe-a", _numerics);
        string path = Assert.Single(Directory.GetFiles(_folder.Generations, "numerics-*"));
        File.WriteAllText(path, "{");
        LoopedException error = Assert.Throws<LoopedException>(() => files.Numerics("recipe-a"));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("Remove it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_that_newcomers_of_earlier_supervisors_left_are_removed_and_those_of_now_are_not()
    {
        var earlier = new TermFiles(_folder);
        RunFolderMark old = earlier.MarkFor("a")!, recent = earlier.MarkFor("b")!;
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Root, old.File), DateTime.UtcNow.AddHours(-2));
        new TermFiles(_folder).ClaimTerm();
        Assert.Equal((false, true), (old.IsIn(_folder.Root), recent.IsIn(_folder.Root)));
    }
}
