using System.Globalization;
using System.Net;
using System.Text;

namespace Gatehouse.Upstream.Credentials;

/// <summary>
/// The temporary credentials of the role that the container (ECS, EKS Pod Identity) or the machine (EC2) runs under, found as AWS's SDKs
/// find them: by <c>AWS_CONTAINER_CREDENTIALS_*</c>, else the instance metadata service, version 2.
/// </summary>
internal sealed class AwsMetadata
{
    private const string ContainerHost = "169.254.170.2";
    private const string PodIdentityHost = "169.254.170.23";
    private const string InstanceHost = "169.254.169.254";
    private const string Otherwise = "set access_key_id and secret_access_key, or api_key";

    private readonly Func<string, string?> _variable;
    private readonly Uri _instance;
    private readonly CredentialClient _client;

    public AwsMetadata(Func<string, string?> variable, TimeProvider time)
    {
        _variable = variable;
        _instance = Uri.TryCreate(variable("AWS_EC2_METADATA_SERVICE_ENDPOINT"), UriKind.Absolute, out var endpoint)
            ? endpoint
            : new Uri($"http://{InstanceHost}");
        _client = CredentialClient.ForMetadata([ContainerHost, PodIdentityHost, InstanceHost, _instance.IdnHost], time);
    }

    public Task<Fetched<AwsCredentials>> FetchAsync(CancellationToken cancellationToken) =>
        _variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { Length: > 0 } path
            ? FetchFromContainerAsync($"http://{ContainerHost}{path}", cancellationToken)
        : _variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") is { Length: > 0 } uri ? FetchFromContainerAsync(uri, cancellationToken)
        : string.Equals(_variable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase)
            ? Task.FromResult(Fetched<AwsCredentials>.Failed($"none are configured and AWS_EC2_METADATA_DISABLED is set; {Otherwise}"))
        : FetchFromInstanceAsync(cancellationToken);

    private async Task<Fetched<AwsCredentials>> FetchFromContainerAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || !MayBeAsked(uri))
        {
            return Fetched<AwsCredentials>.Failed(
                $"'{address}' of AWS_CONTAINER_CREDENTIALS_* is neither https nor an address of this machine or its cloud");
        }

        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        try
        {
            var token = _variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") is { Length: > 0 } file
                ? (await File.ReadAllTextAsync(file, cancellationToken)).Trim()
                : _variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
            if (token is { Length: > 0 })
            {
                _ = request.Headers.TryAddWithoutValidation("authorization", token);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            request.Dispose();
            return Fetched<AwsCredentials>.Failed(
                $"the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read: {exception.Message.TrimEnd('.')}");
        }

        var (body, error) = await _client.SendAsync(request, cancellationToken);
        return body is null ? Fetched<AwsCredentials>.Failed($"the container's credentials are not there: {error}; {Otherwise}") : Read(body, uri);
    }

    private async Task<Fetched<AwsCredentials>> FetchFromInstanceAsync(CancellationToken cancellationToken)
    {
        var session = new HttpRequestMessage(HttpMethod.Put, new Uri(_instance, "/latest/api/token"));
        _ = session.Headers.TryAddWithoutValidation("x-aws-ec2-metadata-token-ttl-seconds", "300");
        var (token, error) = await _client.SendAsync(session, cancellationToken);
        var roles = new Uri(_instance, "/latest/meta-data/iam/security-credentials/");
        byte[]? role = null;
        if (token is not null)
        {
            (role, error) = await _client.SendAsync(WithSession(roles, token), cancellationToken);
        }

        var name = role is null ? "" : Encoding.UTF8.GetString(role).Split('\n')[0].Trim();
        if (name.Length == 0)
        {
            return Fetched<AwsCredentials>.Failed("none are configured or in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                + $"and this machine has no role ({error ?? "its metadata names none"}); {Otherwise}");
        }

        var address = new Uri(roles, Uri.EscapeDataString(name));
        (var body, error) = await _client.SendAsync(WithSession(address, token!), cancellationToken);
        return body is null ? Fetched<AwsCredentials>.Failed($"the credentials of the machine's role are not there: {error}") : Read(body, address);
    }

    private static HttpRequestMessage WithSession(Uri uri, byte[] token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        _ = request.Headers.TryAddWithoutValidation("x-aws-ec2-metadata-token", Encoding.ASCII.GetString(token).Trim());
        return request;
    }

    private static Fetched<AwsCredentials> Read(byte[] body, Uri source)
    {
        if (CredentialClient.ObjectOf(body) is { } answer && CredentialClient.TokenOf(answer, "AccessKeyId") is { } id
            && CredentialClient.TokenOf(answer, "SecretAccessKey") is { } secret
            && DateTimeOffset.TryParse(
                CredentialClient.TextOf(answer, "Expiration"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiration))
        {
            return Fetched<AwsCredentials>.Of(new AwsCredentials(id, secret, CredentialClient.TokenOf(answer, "Token")), expiration);
        }

        return Fetched<AwsCredentials>.Failed($"the answer of {source.GetLeftPart(UriPartial.Path)} has no credentials in it");
    }

    /// <summary>The rule of AWS's SDKs for AWS_CONTAINER_CREDENTIALS_FULL_URI: over http only where nobody can listen.</summary>
    private static bool MayBeAsked(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp
        && (uri.IsLoopback
            || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address)
                && address.ToString() is ContainerHost or PodIdentityHost or "fd00:ec2::23")));
}
