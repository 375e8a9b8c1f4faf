using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Credentials;

/// <summary>
/// Signs with AWS Signature Version 4. The hash of the body is always part of the signature: "UNSIGNED-PAYLOAD" is for the services whose
/// model says so, and bedrock-runtime's (2023-09-30) does for none of its calls.
/// </summary>
internal sealed class AwsRequestSigner(
    string provider, string region, Func<CancellationToken, ValueTask<Fetched<AwsCredentials>>> credentials, TimeProvider time) : IRequestSigner
{
    /// <summary>The signing name of bedrock-runtime is that of bedrock.</summary>
    private const string Service = "bedrock";

    private const string Date = "x-amz-date";
    private const string SecurityToken = "x-amz-security-token";

    private volatile DayKey? _key;

    public bool CoversBody => true;

    public ValueTask<GatewayError?> SignAsync(HttpRequestMessage request, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var pending = credentials(cancellationToken);
        return pending.IsCompletedSuccessfully ? ValueTask.FromResult(Sign(request, body.Span, pending.Result)) : AwaitedAsync(pending);

        async ValueTask<GatewayError?> AwaitedAsync(ValueTask<Fetched<AwsCredentials>> fetching)
        {
            var fetched = await fetching;
            return Sign(request, body.Span, fetched);
        }
    }

    private GatewayError? Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, Fetched<AwsCredentials> fetched)
    {
        if (fetched.Value is not { } key)
        {
            return new GatewayError(GatewayErrorCode.UpstreamError, $"There are no AWS credentials for '{provider}': {fetched.Error}.");
        }

        var scope = new SignatureV4.Scope(time.GetUtcNow(), region, Service);
        var headers = request.Headers;
        // What the caller may have signed for somebody else.
        _ = headers.Remove("x-amz-content-sha256");
        _ = headers.Remove(SecurityToken);
        _ = headers.Remove(Date);
        _ = headers.Remove("authorization");
        _ = headers.TryAddWithoutValidation(Date, scope.Timestamp);
        if (key.SessionToken is { } token)
        {
            _ = headers.TryAddWithoutValidation(SecurityToken, token);
        }

        var uri = request.RequestUri!;
        var signed = Signed(request);
        var canonical = SignatureV4.CanonicalRequest(
            request.Method.Method, uri.AbsolutePath, uri.Query.TrimStart('?'), signed, SignatureV4.PayloadHash(body));
        var authorization = SignatureV4.Authorization(key.AccessKeyId, SigningKey(key, scope), scope, canonical, signed);
        _ = headers.TryAddWithoutValidation("authorization", authorization);
        return null;
    }

    /// <summary>"You must include the host header ... and any x-amz-* headers." A proxy may change others, so they stay out.</summary>
    private static List<KeyValuePair<string, string>> Signed(HttpRequestMessage request)
    {
        var uri = request.RequestUri!;
        var host = request.Headers.Host ?? (uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}");
        List<KeyValuePair<string, string>> signed = [new("host", host)];
        if (request.Content?.Headers.NonValidated.TryGetValues("content-type", out var type) == true)
        {
            signed.Add(new("content-type", type.ToString()));
        }

        foreach (var (name, values) in request.Headers.NonValidated)
        {
            if (name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
            {
                signed.Add(new(name.ToLowerInvariant(), values.ToString()));
            }
        }

        signed.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        return signed;
    }

    private byte[] SigningKey(AwsCredentials credentials, SignatureV4.Scope scope)
    {
        if (_key is { } known && known.Credentials.Equals(credentials) && string.Equals(known.Date, scope.Date, StringComparison.Ordinal))
        {
            return known.Key;
        }

        var key = SignatureV4.SigningKey(credentials.SecretAccessKey, scope);
        _key = new DayKey(credentials, scope.Date, key);
        return key;
    }

    private sealed record DayKey(AwsCredentials Credentials, string Date, byte[] Key);
}
