using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Identity;

/// <summary>Step 1: who is calling. One hash and one look-up in memory.</summary>
internal sealed class Authenticator(TimeProvider time)
{
    private const string Bearer = "Bearer ";

    /// <param name="request">Carries the credential in its headers.</param>
    /// <param name="snapshot">Knows the keys.</param>
    /// <param name="mayBeInQuery">The credential may stand in <c>?key=</c>, as Google's clients write it.</param>
    /// <returns>The key that was presented, or why the caller is not known.</returns>
    public (ApiKey? Key, GatewayError? Error) Authenticate(HttpRequest request, Snapshot snapshot, bool mayBeInQuery)
    {
        var secret = Credential(request.Headers);
        if (secret.IsEmpty && mayBeInQuery)
        {
            secret = request.Query["key"].ToString();
        }

        if (secret.IsEmpty)
        {
            return Refuse("No API key was sent. Send a Gatehouse key as 'Authorization: Bearer KEY', 'x-api-key', 'api-key' or 'x-goog-api-key'.");
        }

        if (!snapshot.Keys.TryGetValue(KeyHash.Of(secret), out var key))
        {
            return Refuse("The API key is not known here. It may be mistyped or revoked.");
        }

        return key.ExpiresAt is { } expiry && expiry <= time.GetUtcNow()
            ? Refuse($"The API key '{key.Name}' expired on {expiry:yyyy-MM-dd HH:mm} UTC.")
            : (key, null);
    }

    private static (ApiKey? Key, GatewayError? Error) Refuse(string message) => (null, new GatewayError(GatewayErrorCode.InvalidApiKey, message));

    private static ReadOnlySpan<char> Credential(IHeaderDictionary headers)
    {
        if (headers.Authorization is [{ } authorization, ..] && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization.AsSpan(Bearer.Length).Trim();
        }

        return (headers["x-api-key"], headers["api-key"], headers["x-goog-api-key"]) switch
        {
            ([{ Length: > 0 } key, ..], _, _) => key,
            (_, [{ Length: > 0 } key, ..], _) => key,
            (_, _, [{ Length: > 0 } key, ..]) => key,
            _ => default,
        };
    }
}
