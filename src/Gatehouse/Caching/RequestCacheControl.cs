using System.Globalization;

namespace Gatehouse.Caching;

/// <summary>
/// The <c>cache-control</c> of a request (RFC 9111, 5.2.1). Directives that are not known, or have no meaning, are ignored.
/// </summary>
/// <param name="NoCache">A kept answer is not wanted; a new one may be kept.</param>
/// <param name="NoStore">Nothing is to be kept, and nothing that was is wanted.</param>
/// <param name="OnlyIfCached">Only a kept answer is wanted.</param>
/// <param name="MaxAge">The oldest answer that is wanted; null for any.</param>
/// <param name="MinFresh">For how long it is to be good yet.</param>
internal readonly record struct RequestCacheControl(bool NoCache, bool NoStore, bool OnlyIfCached, TimeSpan? MaxAge, TimeSpan MinFresh)
{
    public static RequestCacheControl Read(IHeaderDictionary headers)
    {
        var values = headers.CacheControl;
        if (values.Count == 0)
        {
            // RFC 9111, 5.4: as old clients say it; it counts where there is no cache-control.
            return new(NoCache: headers.Pragma.Count > 0 && headers.Pragma.ToString().Contains("no-cache", StringComparison.OrdinalIgnoreCase), false, false, null, default);
        }

        var control = default(RequestCacheControl);
        foreach (var value in values)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                control = control.With(value.AsSpan(range).Trim());
            }
        }

        return control;
    }

    /// <summary>Whether a kept answer is what the caller wants.</summary>
    public bool Takes(CacheEntry entry, DateTimeOffset now) =>
        !NoCache && !NoStore && entry.IsFresh(now + MinFresh) && (MaxAge is not { } most || now - entry.StoredAt <= most);

    private RequestCacheControl With(ReadOnlySpan<char> directive)
    {
        var equals = directive.IndexOf('=');
        var name = equals < 0 ? directive : directive[..equals].TrimEnd();
        if (name.Equals("no-cache", StringComparison.OrdinalIgnoreCase))
        {
            return this with { NoCache = true };
        }

        if (name.Equals("no-store", StringComparison.OrdinalIgnoreCase))
        {
            return this with { NoStore = true };
        }

        if (name.Equals("only-if-cached", StringComparison.OrdinalIgnoreCase))
        {
            return this with { OnlyIfCached = true };
        }

        if (equals < 0 || Seconds(directive[(equals + 1)..]) is not { } seconds)
        {
            return this;
        }

        return name.Equals("max-age", StringComparison.OrdinalIgnoreCase) ? this with { MaxAge = MaxAge < seconds ? MaxAge : seconds }
            : name.Equals("min-fresh", StringComparison.OrdinalIgnoreCase) ? this with { MinFresh = seconds }
            : this;
    }

    /// <summary>RFC 9111, 1.2.2: digits; what is too large counts as 2147483648. Some write them in quotes.</summary>
    private static TimeSpan? Seconds(ReadOnlySpan<char> text)
    {
        const long Most = 2_147_483_648;
        text = text.Trim();
        text = text.Length > 1 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
        {
            return null;
        }

        return TimeSpan.FromSeconds(long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? Math.Min(seconds, Most) : Most);
    }
}
