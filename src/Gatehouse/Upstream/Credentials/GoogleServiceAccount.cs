using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Upstream.Credentials;

/// <summary>The key of a service account, as Google's console gives it out (JSON).</summary>
internal sealed class GoogleServiceAccount
{
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";

    private readonly RSA _key;

    private GoogleServiceAccount(string email, RSA key, string? keyId, Uri tokenUri, string? projectId)
    {
        Email = email;
        _key = key;
        KeyId = keyId;
        TokenUri = tokenUri;
        ProjectId = projectId;
    }

    public string Email { get; }

    public string? KeyId { get; }

    /// <summary>Where an assertion is exchanged for a token.</summary>
    public Uri TokenUri { get; }

    public string? ProjectId { get; }

    /// <returns>The account, or what is wrong with the text.</returns>
    public static (GoogleServiceAccount? Account, string? Error) Parse(string json)
    {
        if (CredentialClient.ObjectOf(Encoding.UTF8.GetBytes(json)) is not { } file)
        {
            return (null, "is not the JSON of a service account key");
        }

        var type = CredentialClient.TextOf(file, "type");
        if (type != "service_account")
        {
            return (null, $"is of type '{type}'; only the key of a service_account is supported here, or metadata");
        }

        string[] needed = ["client_email", "private_key"];
        if (needed.FirstOrDefault(name => CredentialClient.TextOf(file, name) is null) is { } missing)
        {
            return (null, $"has no {missing}");
        }

        var uri = CredentialClient.TextOf(file, "token_uri") ?? "https://oauth2.googleapis.com/token";
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var tokenUri)
            || !(tokenUri.Scheme == Uri.UriSchemeHttps || (tokenUri.Scheme == Uri.UriSchemeHttp && tokenUri.IsLoopback))
            || UpstreamAddresses.Refuses(tokenUri.IdnHost, []))
        {
            return (null, $"has a token_uri '{uri}' that is not an https URL");
        }

        var key = RSA.Create();
        try
        {
            key.ImportFromPem(CredentialClient.TextOf(file, "private_key"));
            // A public key, or one too short, can be read and not be signed with.
            _ = key.SignData([], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            key.Dispose();
            return (null, "has a private_key that is not a private RSA key in PEM form");
        }

        var account = new GoogleServiceAccount(
            CredentialClient.TextOf(file, "client_email")!,
            key,
            CredentialClient.TextOf(file, "private_key_id"),
            tokenUri,
            CredentialClient.TextOf(file, "project_id"));
        return (account, null);
    }

    /// <summary>A JWT signed by the account (RFC 7523, 2.1), good for one hour, which is the longest that Google allows.</summary>
    public string Assertion(DateTimeOffset now)
    {
        var header = new Dictionary<string, string?>(StringComparer.Ordinal) { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = KeyId };
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = Email,
            ["scope"] = Scope,
            ["aud"] = TokenUri.OriginalString,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.ToUnixTimeSeconds() + 3600,
        };
        var content = $"{Encoded(header)}.{Encoded(claims)}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{content}.{Base64Url.EncodeToString(signature)}";

        static string Encoded<T>(T value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
    }
}
