using System.Runtime.Versioning;
using System.Text;
using Looped.Actors.Clustering;
using Looped.Host.Clustering;
using Looped.Models;
using Looped.Tests;

namespace Looped.Host.Tests.Clustering;

[UnsupportedOSPlatform("windows")]
public sealed class ClusterSecretTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly NodeAddress[] Here = [new("127.0.0.1", 4053), new("::1", 0), new("localhost", 1)];
    private static readonly NodeAddress[] Elsewhere = [new("127.0.0.1", 4053), new("10.0.0.1", 4053)];

    private readonly TemporaryFolder _folder = new();

    private string Own => _folder["config/looped/secret"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_option_goes_before_the_environment_and_that_before_the_users_own()
    {
        string file = Write(_folder["given"], "secret of the option\n", Owner);
        Assert.Equal("secret of the option", Text(ClusterSecret.Resolve(file, "secret of the environment", Elsewhere, Own)));
        Assert.Equal("secret of the environment", Text(ClusterSecret.Resolve(null, "secret of the environment", Elsewhere, Own)));
        Assert.False(File.Exists(Own));
    }

    [Fact]
    public void On_this_machine_alone_the_users_own_secret_is_made_once_and_for_the_user_only()
    {
        byte[] secret = ClusterSecret.Resolve(null, "", Here, Own);
        Assert.Equal(64, secret.Length);
        Assert.Equal(secret, ClusterSecret.Resolve(null, null, Here, Own));
        Assert.Equal(Owner, File.GetUnixFileMode(Own));
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(Own)!));
        Assert.Equal([Own], Directory.EnumerateFiles(Path.GetDirectoryName(Own)!));
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_one_secret()
    {
        for (int round = 0; round < 50; round++)
        {
            byte[][] secrets = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => ClusterSecret.Resolve(null, null, Here, Own))));
            Assert.Single(secrets.Select(Text).Distinct());
            Assert.Equal([Own], Directory.EnumerateFiles(Path.GetDirectoryName(Own)!));
            File.Delete(Own);
        }
    }

    [Fact]
    public void An_address_that_others_can_reach_needs_a_secret()
    {
        UsageException error = Assert.Throws<UsageException>(() => ClusterSecret.Resolve(null, null, Elsewhere, Own));
        Assert.StartsWith("10.0.0.1:4053 can be reached from other machines", error.Message, StringComparison.Ordinal);
        Assert.Contains("LOOPED_SECRET or with --secret-file FILE", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Own));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_secret_that_others_can_read_or_change_is_refused(UnixFileMode others)
    {
        string own = Write(Own, new string('x', 32), Owner | others);
        Assert.Contains($"chmod 600 {own}", Assert.Throws<UsageException>(() => ClusterSecret.Resolve(null, null, Here, own)).Message, StringComparison.Ordinal);
        Assert.Contains($"chmod 600 {own}", Assert.Throws<UsageException>(() => ClusterSecret.Resolve(own, null, Here, "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_or_missing_secret_is_a_usage_error()
    {
        Assert.StartsWith("LOOPED_SECRET has 5 characters", Assert.Throws<UsageException>(() => ClusterSecret.Resolve(null, "short", Here, Own)).Message, StringComparison.Ordinal);
        string empty = Write(_folder["empty"], "\n", Owner);
        Assert.Contains("has 0 characters", Assert.Throws<UsageException>(() => ClusterSecret.Resolve(empty, null, Here, Own)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<UsageException>(() => ClusterSecret.Resolve(_folder["none"], null, Here, Own)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_said_to_be_none() =>
        Assert.Equal($"The secret file {_folder.Root} is a folder: name a file that holds nothing but the secret.",
            Assert.Throws<UsageException>(() => ClusterSecret.Resolve(_folder.Root, null, Here, Own)).Message);

    private static string Text(byte[] secret) => Encoding.UTF8.GetString(secret);

    private static string Write(string file, string text, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, mode);
        return file;
    }
}
