using Looped.Host.CommandLine;

namespace Looped.Host.Tests;

public class QuantityTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1000, "1.00 k")]
    [InlineData(9994, "9.99 k")]
    [InlineData(9996, "10.0 k")]
    [InlineData(999_600, "1.00 M")]
    [InlineData(2_674_752, "2.67 M")]
    [InlineData(47_149_056_000, "47.1 G")]
    public void Counts_have_three_digits(double count, string text) => Assert.Equal(text, Quantity.Count(count));

    [Theory]
    [InlineData(512, "512 B")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(1L << 30, "1.00 GiB")]
    public void Bytes_have_binary_units(double bytes, string text) => Assert.Equal(text, Quantity.Bytes(bytes));

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(4.4, "0:04")]
    [InlineData(59.6, "1:00")]
    [InlineData(3599, "59:59")]
    [InlineData(3909, "1:05:09")]
    [InlineData(90_000, "25:00:00")]
    public void Durations_are_clock_times(double seconds, string text) => Assert.Equal(text, Quantity.Duration(TimeSpan.FromSeconds(seconds)));
}
