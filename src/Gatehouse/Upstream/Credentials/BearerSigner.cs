using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Credentials;

/// <summary>Sends a token that changes: <c>Authorization: Bearer TOKEN</c>.</summary>
internal sealed class BearerSigner(string provider, CredentialCache<string> tokens) : IRequestSigner
{
    public bool CoversBody => false;

    public ValueTask<GatewayError?> SignAsync(HttpRequestMessage request, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var pending = tokens.GetAsync(cancellationToken);
        return pending.IsCompletedSuccessfully ? ValueTask.FromResult(Put(request, pending.Result)) : AwaitedAsync(pending, request);

        async ValueTask<GatewayError?> AwaitedAsync(ValueTask<Fetched<string>> pending, HttpRequestMessage request)
        {
            var fetched = await pending;
            return Put(request, fetched);
        }
    }

    private GatewayError? Put(HttpRequestMessage request, Fetched<string> fetched)
    {
        if (fetched.Value is not { } token)
        {
            return new GatewayError(GatewayErrorCode.UpstreamError, $"There is no access token for '{provider}': {fetched.Error}.");
        }

        _ = request.Headers.Remove("authorization");
        _ = request.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        return null;
    }
}
