using System.Globalization;
using System.Net.Http.Headers;

namespace Gatehouse.Upstream.Failures;

/// <summary>How long a provider asks to be left alone: at least so long, and at most a day of it is believed.</summary>
internal static class RetryAfter
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>The finer one first, as in OpenAI's and Azure's own clients; the value is a number of these, in seconds.</summary>
    private static readonly (string Name, double Unit)[] Names = [("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1)];

    /// <returns>Zero where the time has passed already; null where nothing is said, or nothing that can be understood.</returns>
    public static TimeSpan? Of(HttpResponseMessage response, DateTimeOffset now)
    {
        var headers = response.Headers.NonValidated;
        foreach (var (name, unit) in Names)
        {
            if (headers.TryGetValues(name, out var values) && Of(values, unit, now) is { } wait)
            {
                return wait < TimeSpan.Zero ? TimeSpan.Zero : Capped(wait);
            }
        }

        return null;
    }

    /// <summary>Google says it in the body: <c>google.rpc.RetryInfo</c> among the details of the error.</summary>
    public static TimeSpan? OfBody(ReadOnlySpan<byte> body) => ErrorBody.Read(body).RetryDelay is { } wait ? Capped(wait) : null;

    private static TimeSpan? Of(HeaderStringValues values, double unit, DateTimeOffset now)
    {
        var text = values.ToString().AsSpan().Trim();
        if (HeaderTime.Decimal(text) is { } number)
        {
            return TimeSpan.FromSeconds(Math.Min(number * unit, Longest.TotalSeconds));
        }

        // RFC 9110, 10.2.3: "Retry-After = HTTP-date / delay-seconds". An answer's own Date is not looked at: clocks that far apart are rare.
        return unit >= 1 && DateTimeOffset.TryParseExact(
            text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time - now : null;
    }

    private static TimeSpan Capped(TimeSpan wait) => wait > Longest ? Longest : wait;
}
