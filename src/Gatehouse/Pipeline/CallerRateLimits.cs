using System.Globalization;
using Gatehouse.Limits;
using Gatehouse.Protocols.Chat;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Pipeline;

/// <summary>What is left to the caller of its own rates, in the headers of its dialect, in place of what the provider says of the gateway's.</summary>
internal static class CallerRateLimits
{
    private static readonly (LimitUnit Unit, string Resource)[] Resources =
    [
        (LimitUnit.Requests, "requests"), (LimitUnit.TotalTokens, "tokens"), (LimitUnit.InputTokens, "input-tokens"), (LimitUnit.OutputTokens, "output-tokens"),
    ];

    public static void Replace(IHeaderDictionary headers, Dialect caller, LimitReservation reservation, DateTimeOffset now)
    {
        var standing = reservation.Standing;
        if (!standing.Any)
        {
            return;
        }

        foreach (var name in headers.Keys.Where(RateLimitHeaders.IsOne).ToArray())
        {
            _ = headers.Remove(name);
        }

        foreach (var (unit, resource) in Resources)
        {
            if (standing[unit] is not { } left)
            {
                continue;
            }

            headers[RateLimitHeaders.NameOf(caller, resource, "limit")] = left.Most.ToString(CultureInfo.InvariantCulture);
            headers[RateLimitHeaders.NameOf(caller, resource, "remaining")] = Math.Max(0, left.Left).ToString(CultureInfo.InvariantCulture);
            if (left.ResetsAt is { } at)
            {
                headers[RateLimitHeaders.NameOf(caller, resource, "reset")] = caller == Dialect.Anthropic ? RateLimitHeaders.Time(at) : RateLimitHeaders.Duration(at - now);
            }
        }
    }
}
