using Looped.Host.Slurm;

namespace Looped.Host.Tests.Slurm;

public class ShellTextTests
{
    [Theory]
    [InlineData("looped", "looped")]
    [InlineData(" srun  --mpi=none\tlooped ", "srun|--mpi=none|looped")]
    [InlineData("'/opt/my tools/looped' -v", "/opt/my tools/looped|-v")]
    [InlineData("/opt/my' 'tools/\"loop ed\"", "/opt/my tools/loop ed")]
    [InlineData(@"/opt/my\ tools/looped", "/opt/my tools/looped")]
    [InlineData("""a "b \"c\" \d" 'e\'""", """a|b "c" \d|e\""")]
    [InlineData("'' x", "|x")]
    [InlineData("", null)]
    public void A_line_is_taken_apart_as_a_shell_does(string line, string? words) => Assert.Equal(words?.Split('|') ?? [], ShellText.Split(line)!);

    [Theory]
    [InlineData("'looped"), InlineData("\"looped"), InlineData("looped\\"), InlineData("it's")]
    public void A_quote_that_is_not_closed_gives_no_words(string line) => Assert.Null(ShellText.Split(line));

    [Fact]
    public void Quoted_words_come_back_as_they_were()
    {
        string[] words = ["plain", "two words", "it's", "\"quoted\"", @"back\slash", "$HOME", "", "tab\there", "line\nbreak"];
        Assert.Equal(words, ShellText.Split(ShellText.Words(words))!);
    }
}
