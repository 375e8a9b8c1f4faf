using System.Net;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream;

/// <summary>
/// The caller's body with the target's model name in it, written from the buffers it was received in. A <see cref="ByteArrayContent"/>
/// in name only: over HTTP/2 every other content may still be being written when the answer has begun, and then the buffers may already
/// have gone back to the server.
/// </summary>
internal sealed class SplicedContent(SplicedJson body) : ByteArrayContent([])
{
    private Task _written = Task.CompletedTask;

    /// <summary>Ends when the buffers are not read any more, however the writing went.</summary>
    public Task WrittenAsync() => _written.ContinueWith(
        static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public bool IsWritten => _written.IsCompleted;

    /// <summary>Something of it may have gone out.</summary>
    public bool HasBegun { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        HasBegun = true;
        return _written = body.WriteToAsync(stream, cancellationToken).AsTask();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
