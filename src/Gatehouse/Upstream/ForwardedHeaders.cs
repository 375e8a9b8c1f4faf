using System.Buffers;
using System.Collections.Frozen;
using System.Net.Http.Headers;

namespace Gatehouse.Upstream;

/// <summary>Which headers pass, and which do not.</summary>
internal static class ForwardedHeaders
{
    // RFC 9110, 7.6.1: fields that are about one connection.
    private static readonly string[] HopByHop =
        ["connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authenticate", "proxy-authorization"];

    private static readonly FrozenSet<string> FromCaller = HopByHop.Concat(
    [
        "host", "content-length", "content-type", "expect",
        // The caller's credentials are for the gateway alone, and so is what selects an account at the provider.
        "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "openai-organization", "openai-project",
        // Answers are read on their way: they must come uncompressed.
        "accept-encoding",
        // About the caller's network; no business of the provider's.
        "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip", "cf-connecting-ip",
        "true-client-ip", "referer", "origin",
        // Written anew for the next hop.
        "traceparent", "tracestate", "baggage",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> FromProvider = HopByHop.Concat(
    [
        "content-length", "set-cookie", "alt-svc", "strict-transport-security", "server", "date", "nel", "report-to",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Where(c => c != '\t').Select(c => (char)c), '\x7f']);

    public static void CopyRequest(IHeaderDictionary from, HttpRequestHeaders to)
    {
        var connection = from.Connection;
        foreach (var (name, values) in from)
        {
            if (FromCaller.Contains(name) || name.StartsWith("x-gatehouse-", StringComparison.OrdinalIgnoreCase)
                || (connection.Count > 0 && IsListed(connection, name)))
            {
                continue;
            }

            _ = values.Count == 1 ? to.TryAddWithoutValidation(name, values[0]) : to.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    public static void CopyResponse(HttpResponseMessage from, IHeaderDictionary to)
    {
        var connection = from.Headers.NonValidated.TryGetValues("connection", out var listed) ? listed.ToArray() : null;
        Copy(from.Headers.NonValidated, to, connection);
        Copy(from.Content.Headers.NonValidated, to, connection);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, string[]? connection)
    {
        foreach (var (name, values) in from)
        {
            if (!FromProvider.Contains(name) && !name.StartsWith("x-gatehouse-", StringComparison.OrdinalIgnoreCase)
                && (connection is null || !IsListed(connection, name)) && !HasControlCharacters(values))
            {
                to[name] = values.Count == 1 ? values.ToString() : values.ToArray();
            }
        }
    }

    /// <summary>The server refuses to send them, and one odd header must not cost the caller the answer.</summary>
    private static bool HasControlCharacters(HeaderStringValues values)
    {
        foreach (var value in values)
        {
            if (value.AsSpan().ContainsAny(ControlCharacters))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsListed(Microsoft.Extensions.Primitives.StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            foreach (var token in value.AsSpan().Split(','))
            {
                if (value.AsSpan(token).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
