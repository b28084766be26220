using Looped.Actors.Clustering;
using Looped.Host.Clustering;
using Looped.Models;

namespace Looped.Host.Tests.Clustering;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:4053", "127.0.0.1", 4053)]
    [InlineData("node-7.cluster.local:1", "node-7.cluster.local", 1)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("[fe80::1%eth0]:80", "fe80::1%eth0", 80)]
    public void An_address_is_a_host_and_a_port(string text, string host, int port)
    {
        NodeAddress address = ListenAddress.Parse("--seed", text);
        Assert.Equal(new NodeAddress(host, port), address);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("localhost", "--seed localhost lacks a port: write HOST:PORT, such as 127.0.0.1:4053.")]
    [InlineData("[::1]", "--seed [::1] lacks a port: write HOST:PORT, such as [::1]:4053.")]
    [InlineData("::1", "--seed ::1: an IPv6 address stands in brackets, such as [::1]:4053.")]
    [InlineData("fe80::1:4053", "an IPv6 address stands in brackets")]
    [InlineData(":4053", "--seed :4053 is no address: write HOST:PORT, an IPv6 address in brackets.")]
    [InlineData("", "is no address")]
    [InlineData("[]:4053", "is no address")]
    [InlineData("[::1:4053", "is no address")]
    [InlineData("[localhost]:4053", "is no address")]
    [InlineData("[::1]4053", "is no address")]
    [InlineData("a b:4053", "is no address")]
    [InlineData("http://a:4053", "'//a:4053' is no port")]
    [InlineData("a:0", "'0' is no port; a port is a whole number from 1 to 65535.")]
    [InlineData("a:65536", "'65536' is no port")]
    [InlineData("a:-1", "'-1' is no port")]
    [InlineData("a:", "'' is no port")]
    public void A_mistyped_address_is_a_usage_error_that_shows_the_form(string text, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<UsageException>(() => ListenAddress.Parse("--seed", text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_name_of_this_machine_is_the_same_address() => Assert.Equal("127.0.0.1:4053", ListenAddress.Parse("--seed", "LocalHost:4053").ToString());

    [Fact]
    public void A_node_may_listen_on_any_free_port() => Assert.Equal(new NodeAddress("::1", 0), ListenAddress.Parse("--listen", "[::1]:0", anyPort: true));

    [Theory]
    [InlineData("10.0.0.1:4053", null, null)]
    [InlineData("0.0.0.0:4053", "node-7", "node-7:4053")]
    [InlineData("10.0.0.1:4053", "node-7:80", "node-7:80")]
    [InlineData("[::]:4053", "[fd00::7]", "[fd00::7]:4053")]
    public void Others_reach_a_node_where_it_advertises(string listen, string? advertise, string? expected) =>
        Assert.Equal(expected, ListenAddress.Advertised(ListenAddress.Parse("--listen", listen), advertise)?.ToString());

    [Theory]
    [InlineData("0.0.0.0:4053", null, "add --advertise HOST")]
    [InlineData("[::]:4053", null, "--listen [::]:4053 means every interface")]
    [InlineData("10.0.0.1:4053", "0.0.0.0", "--advertise 0.0.0.0 is no address that other nodes can reach")]
    [InlineData("10.0.0.1:4053", "node-7:x", "'x' is no port")]
    public void An_address_that_nobody_can_reach_is_a_usage_error(string listen, string? advertise, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<UsageException>(() => ListenAddress.Advertised(ListenAddress.Parse("--listen", listen), advertise)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_port_range_has_both_ends() => Assert.Equal([4053, 4054, 4055], ListenAddress.ParseRange("4053-4055").Ports);

    [Theory]
    [InlineData("4053", "is no range of ports: write FIRST-LAST")]
    [InlineData("1-2-3", "is no range of ports")]
    [InlineData("4055-4053", "is empty")]
    [InlineData("0-9", "'0' is no port")]
    [InlineData("a-9", "'a' is no port")]
    public void A_mistyped_port_range_is_a_usage_error(string text, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<UsageException>(() => ListenAddress.ParseRange(text)).Message, StringComparison.Ordinal);
}
