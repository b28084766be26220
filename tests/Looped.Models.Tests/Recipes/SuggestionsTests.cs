using Looped.Models.Recipes;

namespace Looped.Models.Tests.Recipes;

public class SuggestionsTests
{
    private static readonly string[] Words = ["train", "recipe", "doctor", "seed", "learning_rate", "global_sequences", "--dry-run"];

    [Theory]
    [InlineData("trian", "train")]
    [InlineData("docter", "doctor")]
    [InlineData("sed", "seed")]
    [InlineData("learningRate", "learning_rate")]
    [InlineData("lr", "learning_rate")]
    [InlineData("sequences", "global_sequences")]
    [InlineData("--dry-rum", "--dry-run")]
    public void A_slip_finds_the_word_that_was_meant(string typed, string meant) => Assert.Equal(meant, Suggestions.Nearest(typed, Words));

    [Theory]
    [InlineData("banana")]
    [InlineData("x")]
    [InlineData("")]
    public void A_word_near_to_nothing_finds_nothing(string typed)
    {
        Assert.Null(Suggestions.Nearest(typed, Words));
        Assert.Equal("", Suggestions.DidYouMean(typed, Words));
    }
}
