using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Upstream.Credentials;

/// <summary>AWS Signature Version 4 (AWS, "Create a signed AWS API request"), as every service but S3 wants it.</summary>
internal static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <param name="Region">Such as <c>us-east-1</c>.</param>
    /// <param name="Service">The signing name of the service: <c>bedrock</c> for bedrock-runtime.</param>
    public sealed record Scope(DateTimeOffset Time, string Region, string Service)
    {
        public string Timestamp { get; } = Time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

        public string Date => Timestamp[..8];

        public override string ToString() => $"{Date}/{Region}/{Service}/aws4_request";
    }

    public static string PayloadHash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    /// <param name="path">As it is sent, escapes and all: it is escaped once more ("URI-encode ... twice"), so <c>%3A</c> becomes <c>%253A</c>.</param>
    /// <param name="query">As it is sent, without the question mark.</param>
    /// <param name="headers">Those that are signed, with names in lower case, in order.</param>
    public static string CanonicalRequest(
        string method, string path, string query, IReadOnlyList<KeyValuePair<string, string>> headers, string payloadHash)
    {
        var text = new StringBuilder(512);
        _ = text.Append(method).Append('\n').Append(CanonicalPath(path)).Append('\n').Append(CanonicalQuery(query)).Append('\n');
        foreach (var (name, value) in headers)
        {
            _ = text.Append(name).Append(':').Append(CanonicalValue(value)).Append('\n');
        }

        return text.Append('\n').Append(SignedHeaders(headers)).Append('\n').Append(payloadHash).ToString();
    }

    /// <summary>The key of one day, region and service; it can be kept as long as these and the secret stay.</summary>
    public static byte[] SigningKey(string secretAccessKey, Scope scope)
    {
        var key = Hmac(Encoding.UTF8.GetBytes("AWS4" + secretAccessKey), scope.Date);
        key = Hmac(key, scope.Region);
        key = Hmac(key, scope.Service);
        return Hmac(key, "aws4_request");
    }

    /// <summary>The value of the header <c>Authorization</c>.</summary>
    public static string Authorization(
        string accessKeyId, byte[] signingKey, Scope scope, string canonicalRequest, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var toSign = $"{Algorithm}\n{scope.Timestamp}\n{scope}\n{PayloadHash(Encoding.UTF8.GetBytes(canonicalRequest))}";
        var signature = Convert.ToHexStringLower(Hmac(signingKey, toSign));
        return $"{Algorithm} Credential={accessKeyId}/{scope}, SignedHeaders={SignedHeaders(headers)}, Signature={signature}";
    }

    private static string SignedHeaders(IReadOnlyList<KeyValuePair<string, string>> headers) =>
        string.Join(';', headers.Select(header => header.Key));

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    /// <summary>"Normalize URI paths according to RFC 3986. Remove redundant and relative path components."</summary>
    private static string CanonicalPath(string path)
    {
        var segments = new List<string>();
        foreach (var segment in path.Split('/'))
        {
            if (segment == "..")
            {
                segments.RemoveRange(Math.Max(0, segments.Count - 1), Math.Min(1, segments.Count));
            }
            else if (segment is not ("" or "."))
            {
                segments.Add(Uri.EscapeDataString(segment));
            }
        }

        var isFolder = segments.Count > 0 && path[(path.LastIndexOf('/') + 1)..] is "" or "." or "..";
        return $"/{string.Join('/', segments)}{(isFolder ? "/" : "")}";
    }

    private static string CanonicalQuery(string query)
    {
        if (query.Length == 0)
        {
            return "";
        }

        var parameters = query.Split('&').Select(parameter =>
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            return equals < 0
                ? (Name: Escape(parameter), Value: "")
                : (Name: Escape(parameter[..equals]), Value: Escape(parameter[(equals + 1)..]));
        });
        var sorted = parameters.OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Value, StringComparer.Ordinal);
        return string.Join('&', sorted.Select(p => $"{p.Name}={p.Value}"));

        static string Escape(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));
    }

    /// <summary>"Remove excess white space before and after values ... convert sequential spaces to a single space."</summary>
    private static string CanonicalValue(string value)
    {
        value = value.Trim();
        while (value.Contains("  ", StringComparison.Ordinal))
        {
            value = value.Replace("  ", " ", StringComparison.Ordinal);
        }

        return value;
    }
}
