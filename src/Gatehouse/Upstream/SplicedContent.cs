using System.Net;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream;

/// <summary>The caller's body with the target's model name in it, written from the buffers it was received in.</summary>
internal sealed class SplicedContent(SplicedJson body) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        body.WriteToAsync(stream, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
