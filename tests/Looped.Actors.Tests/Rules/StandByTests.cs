using Akka.Actor;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Models.Recipes;
using Looped.Tests;

namespace Looped.Actors.Tests.Rules;

/// <summary>A seed stands by only for a run that it could go on with.</summary>
public sealed class StandByTests : IDisposable
{
    private static readonly RunRecipe Recipe = RecipeFile.Parse<RunRecipe>("""
        name: run
        seed: 7
        model: { family: cotformer, variant: ln_cotformer, layers: 3, width: 32, heads: 2, sequence_length: 32, repeats: 2, layers_begin: 1, layers_end: 1 }
        data: { source: text.txt, tokenizer: characters }
        batch: { global_sequences: 8, micro_sequences: 2 }
        training: { steps: 40 }
        """, "test", []);

    private static readonly RunDescribed Run = new(RecipeWriter.ToYaml(Recipe), RecipeIdentity.Of(Recipe), "0123456789abcdef", "runs/run", []);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_recipe_and_data_may_stand_by_whatever_only_observes_differs() =>
        Assert.Null(StandBy.Refusal(Run, Recipe with { Name = "other" }, Run.DataHash));

    [Fact]
    public void Another_recipe_is_refused_with_the_keys_that_differ() =>
        Assert.Contains("another recipe than the run that it would stand by for: seed 7 → 8", StandBy.Refusal(Run, Recipe with { Seed = 8 }, Run.DataHash), StringComparison.Ordinal);

    [Fact]
    public void Other_data_are_refused() =>
        Assert.Contains("hash fedcba987654… instead of 0123456789ab…", StandBy.Refusal(Run, Recipe, "fedcba9876543210"), StringComparison.Ordinal);

    [Fact]
    public async Task Whoever_runs_another_version_is_told_so_before_anything_else()
    {
        var run = new SupervisedRun { Name = "run", Steps = 10, RecipeIdentity = "recipe", DataHash = "data", Version = "1.0.0", Settings = new SupervisorSettings { MicroBatches = 4 } };
        using ActorSystem system = ActorSystem.Create("stand-by");
        IActorRef supervisor = system.ActorOf(Props.Create(() => new SupervisorActor(run)));
        Task<IWireMessage> Ask(string version) => supervisor.Ask<IWireMessage>(new AskForRun("seed", version, Trains: false), TimeSpan.FromSeconds(20));
        Assert.Contains("seed runs version 0.9.0 of looped, the seed 1.0.0", Assert.IsType<RegistrationRefused>(await Ask("0.9.0")).Reason, StringComparison.Ordinal);
        Assert.IsType<RunDescribed>(await Ask("1.0.0"));
    }

    [Fact]
    public void The_mark_of_a_term_is_in_the_supervisor_s_folder_and_in_no_other()
    {
        RunFolder folder = new(_folder["run"]), copy = new(_folder["copy"]);
        foreach (RunFolder made in (RunFolder[])[folder, copy]) made.Create();
        TermFiles terms = new(folder), others = new(copy);
        Assert.Equal((1, 1), (terms.ClaimTerm(), others.ClaimTerm()));
        Assert.True(terms.Mark!.IsIn(folder.Root));
        Assert.False(terms.Mark.IsIn(copy.Root), "another folder's term has another text");
        Assert.False(terms.Mark.IsIn(_folder["nowhere"]));

        RunFolderMark first = terms.Mark;
        Assert.False(first.Once);
        Assert.Equal(2, new TermFiles(folder).ClaimTerm());
        Assert.True(first.IsIn(folder.Root), "a successor leaves it where it is");
    }

    [Fact]
    public void A_newcomer_looks_for_what_even_the_newest_copy_lacks()
    {
        RunFolder folder = new(_folder["run"]), copy = new(_folder["copy"]);
        folder.Create();
        var terms = new TermFiles(folder);
        terms.ClaimTerm();
        RunFolderMark earlier = terms.MarkFor("a")!;
        copy.Create();
        foreach (string file in Directory.GetFiles(folder.Generations)) File.Copy(file, Path.Combine(copy.Generations, Path.GetFileName(file)));
        Assert.True(terms.Mark!.IsIn(copy.Root) && earlier.IsIn(copy.Root));

        RunFolderMark mark = terms.MarkFor("b")!;
        Assert.True(mark.IsIn(folder.Root));
        Assert.False(mark.IsIn(copy.Root));
        Assert.Equal(mark, terms.MarkFor("b")); // who asks again has not found it yet
        mark.RemoveFrom(folder.Root);
        Assert.False(mark.IsIn(folder.Root));
        Assert.NotEqual(mark, terms.MarkFor("b"));
        terms.Mark.RemoveFrom(folder.Root);
        Assert.True(terms.Mark.IsIn(folder.Root), "a term's mark is also its claim");
    }

    [Fact]
    public void The_marks_of_newcomers_that_never_came_do_not_pile_up()
    {
        RunFolder folder = new(_folder["run"]);
        folder.Create();
        var terms = new TermFiles(folder);
        terms.ClaimTerm();
        RunFolderMark[] marks = [.. Enumerable.Range(0, 100).Select(i => terms.MarkFor($"worker-{i}")!)];
        Assert.InRange(marks.Count(m => m.IsIn(folder.Root)), 1, 64);
        Assert.True(marks[^1].IsIn(folder.Root));
    }
}
