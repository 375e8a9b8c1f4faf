using System.Text;
using System.Text.Json;

namespace Gatehouse.Upstream.Credentials;

/// <summary>Gets access tokens of Google Cloud: for the key of a service account, or for the machine from its metadata server.</summary>
/// <param name="account">Null for the metadata server.</param>
internal sealed class GoogleTokens(GoogleServiceAccount? account, Func<string, string?> variable, TimeProvider time)
{
    private const string MetadataHost = "metadata.google.internal";
    private const string Otherwise = "set credentials to the JSON key of a service account";

    private readonly string _metadataHost = variable("GCE_METADATA_HOST") is { Length: > 0 } host ? host : MetadataHost;
    private CredentialClient? _client;

    public async Task<Fetched<string>> FetchAsync(CancellationToken cancellationToken)
    {
        HttpRequestMessage request;
        if (account is null)
        {
            if (!Uri.TryCreate($"http://{_metadataHost}/computeMetadata/v1/instance/service-accounts/default/token", UriKind.Absolute, out var uri))
            {
                return Fetched<string>.Failed($"GCE_METADATA_HOST '{_metadataHost}' is not a host");
            }

            _client ??= CredentialClient.ForMetadata([uri.IdnHost], time);
            request = new HttpRequestMessage(HttpMethod.Get, uri);
            // "Requests without it are denied": it shows that no page in a browser made the request.
            _ = request.Headers.TryAddWithoutValidation("metadata-flavor", "Google");
        }
        else
        {
            _client ??= CredentialClient.ForTokens(time);
            request = new HttpRequestMessage(HttpMethod.Post, account.TokenUri)
            {
                Content = new StringContent(
                    $"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={account.Assertion(time.GetUtcNow())}",
                    Encoding.ASCII, "application/x-www-form-urlencoded"),
            };
        }

        var source = request.RequestUri!;
        var asked = time.GetUtcNow();
        var (body, error) = await _client.SendAsync(request, cancellationToken);
        if (body is null)
        {
            return Fetched<string>.Failed(account is null
                ? $"no credentials are configured, and this machine has no service account ({error}); {Otherwise}"
                : $"the key of {account.Email} was not exchanged for a token: {error}");
        }

        return CredentialClient.ObjectOf(body) is { } answer && CredentialClient.TokenOf(answer, "access_token") is { } token
            && answer.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number
            && seconds.TryGetInt32(out var life) && life > 0
                ? Fetched<string>.Of(token, asked.AddSeconds(life))
                : Fetched<string>.Failed($"the answer of {source.GetLeftPart(UriPartial.Path)} has no access token in it");
    }
}
