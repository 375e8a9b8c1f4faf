using System.Net;

namespace Gatehouse.Upstream;

/// <summary>
/// A body that tells when it begins to be sent: there is a connection by then. A <see cref="ByteArrayContent"/> in name only, as is
/// <see cref="SplicedContent"/>.
/// </summary>
internal sealed class AnnouncedContent : ByteArrayContent
{
    private readonly HttpContent _body;
    private readonly Action _begins;

    public AnnouncedContent(HttpContent body, Action begins)
        : base([])
    {
        (_body, _begins) = (body, begins);
        Headers.Clear();
        foreach (var (name, values) in body.Headers.NonValidated)
        {
            _ = Headers.TryAddWithoutValidation(name, values);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _begins();
        return _body.CopyToAsync(stream, context, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Headers.ContentLength ?? 0;
        return _body.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
        }

        base.Dispose(disposing);
    }
}
