using System.Buffers;
using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Upstream;

/// <summary>Which headers pass, and which do not.</summary>
internal static class ForwardedHeaders
{
    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create([.. Enumerable.Range(0, 32).Select(c => (char)c).Where(c => c != '\t'), '\x7f']);

    // RFC 9110, 7.6.1: fields that are about one connection; besides them, every field that "Connection" lists.
    private static readonly string[] HopByHop =
        ["connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authenticate", "proxy-authorization"];

    private static readonly FrozenSet<string> FromCaller = HopByHop.Concat(
    [
        "host", "content-length", "content-type", "expect",
        // The caller's credentials are for the gateway alone, and so is what selects an account at the provider.
        "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "openai-organization", "openai-project",
        "ocp-apim-subscription-key", "x-goog-user-project",
        // Google's front ends take the method from them: a POST would become a GET of something that is not there, and look like a missing model.
        "x-http-method-override", "x-http-method", "x-method-override",
        // Answers are read on their way: they must come uncompressed.
        "accept-encoding",
        // About the caller's network; no business of the provider's.
        "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip", "cf-connecting-ip",
        "true-client-ip", "referer", "origin",
        // Said to the gateway's cache.
        "cache-control", "pragma",
        // Written anew for the next hop.
        "traceparent", "tracestate", "baggage",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> FromProvider = HopByHop.Concat(
    [
        "content-length", "set-cookie", "alt-svc", "strict-transport-security", "server", "date", "nel", "report-to",
    ]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

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

    /// <summary>The headers that belong to a body which is passed on unread.</summary>
    public static void CopyContent(IHeaderDictionary from, HttpContentHeaders to)
    {
        foreach (var (name, values) in from)
        {
            if (name.StartsWith("content-", StringComparison.OrdinalIgnoreCase) && !name.Equals("content-length", StringComparison.OrdinalIgnoreCase))
            {
                _ = to.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }
    }

    /// <summary>Of the headers of an answer whose body cannot be passed on: what tells a client when to come again, and support which call it was.</summary>
    public static List<KeyValuePair<string, StringValues>> OfRefusal(HttpResponseMessage response)
    {
        var kept = new List<KeyValuePair<string, StringValues>>();
        foreach (var (name, values) in response.Headers.NonValidated)
        {
            if (name.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) || name.Contains("request-id", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("retry-after", StringComparison.OrdinalIgnoreCase))
            {
                var passed = new StringValues(values.ToArray());
                if (IsSendable(passed))
                {
                    kept.Add(new(name, passed));
                }
            }
        }

        return kept;
    }

    public static void CopyResponse(HttpResponseMessage from, IHeaderDictionary to)
    {
        var headers = from.Headers.NonValidated;
        var connection = headers.TryGetValues("connection", out var values) ? new StringValues(values.ToString()) : default;
        Copy(headers, to, connection);
        Copy(from.Content.Headers.NonValidated, to, connection);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, StringValues connection)
    {
        foreach (var (name, values) in from)
        {
            if (FromProvider.Contains(name) || name.StartsWith("x-gatehouse-", StringComparison.OrdinalIgnoreCase)
                || (connection.Count > 0 && IsListed(connection, name)))
            {
                continue;
            }

            StringValues passed = values.Count == 1 ? values.ToString() : values.ToArray();
            if (IsSendable(passed))
            {
                to[name] = passed;
            }
        }
    }

    /// <summary>The server refuses control characters in headers; a provider that sends some must not break the answer.</summary>
    private static bool IsSendable(StringValues values)
    {
        foreach (var value in values)
        {
            if (value.AsSpan().ContainsAny(ControlCharacters))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsListed(StringValues connection, string name)
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
