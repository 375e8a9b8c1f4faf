using System.Text;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("retry-after: 10", 10)]
    [InlineData("retry-after: 1.5", 1.5)]
    [InlineData("retry-after: 0", 0)]
    [InlineData("retry-after: Sat, 21 Nov 2026 12:00:30 GMT", 30)]
    [InlineData("retry-after: Sat, 21 Nov 2026 11:00:00 GMT", 0)]
    [InlineData("retry-after: Sat, 21 Nov 2099 11:00:00 GMT", 86_400)]
    [InlineData("retry-after: 999999999999999999999999999", 86_400)]
    [InlineData("retry-after-ms: 250", 0.25)]
    [InlineData("retry-after-ms: 250.5", 0.2505)]
    [InlineData("x-ms-retry-after-ms: 1500", 1.5)]
    [InlineData("retry-after: 2|retry-after-ms: 1300", 1.3)]
    [InlineData("retry-after: 2|retry-after-ms: soon", 2)]
    [InlineData("Retry-After:  3 ", 3)]
    public void A_wait_is_read_in_every_form(string headers, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Of(headers));

    [Theory]
    [InlineData("x-other: 1")]
    [InlineData("retry-after: -5")]
    [InlineData("retry-after: -Infinity")]
    [InlineData("retry-after: NaN")]
    [InlineData("retry-after: Infinity")]
    [InlineData("retry-after: 1e3")]
    [InlineData("retry-after: soon")]
    [InlineData("retry-after: ")]
    [InlineData("retry-after: .")]
    [InlineData("retry-after: 1|retry-after: 2")]
    [InlineData("retry-after-ms: Sat, 21 Nov 2026 12:00:30 GMT")]
    public void What_is_no_wait_is_none(string headers) => Assert.Null(Of(headers));

    [Theory]
    [InlineData("37s", 37.0)]
    [InlineData("0.5s", 0.5)]
    [InlineData("48.25s", 48.25)]
    [InlineData("1000000s", 86_400.0)]
    [InlineData("-1s", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    public void Google_says_it_in_the_body(string delay, double? seconds)
    {
        var error = $$$"""{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"retryDelay":"9s"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{{{delay}}}"}]}}""";

        TimeSpan? expected = seconds is { } s ? TimeSpan.FromSeconds(s) : null;
        Assert.Equal(expected, RetryAfter.OfBody(Encoding.UTF8.GetBytes(error)));
        Assert.Equal(expected, RetryAfter.OfBody(Encoding.UTF8.GetBytes($"[{error}]")));
    }

    private static TimeSpan? Of(string headers)
    {
        using var response = Answers.With(headers);
        return RetryAfter.Of(response, Now);
    }
}
