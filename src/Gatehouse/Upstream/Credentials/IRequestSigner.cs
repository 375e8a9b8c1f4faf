using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Credentials;

/// <summary>
/// Authenticates the requests to a provider where a header that never changes is not enough. Made once for a provider and used by all its
/// exchanges at the same time; it lives on over a reload that does not change its <see cref="SignerKey"/>.
/// </summary>
internal interface IRequestSigner
{
    /// <summary>Whether the signature covers the body: then the whole of it must be in memory.</summary>
    bool CoversBody { get; }

    /// <summary>Puts the credential into the headers of a request that is otherwise complete.</summary>
    /// <param name="body">What is sent as the request's content; not looked at unless <see cref="CoversBody"/>.</param>
    /// <returns>Null, or why there is no credential: which source failed and what to configure.</returns>
    ValueTask<GatewayError?> SignAsync(HttpRequestMessage request, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
