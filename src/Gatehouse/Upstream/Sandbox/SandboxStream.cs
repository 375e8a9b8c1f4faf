namespace Gatehouse.Upstream.Sandbox;

/// <summary>An answer that comes piece by piece, each after an interval, and may break after the third.</summary>
internal sealed class SandboxStream(IEnumerable<byte[]> pieces, TimeSpan interval, bool isCut, TimeProvider time) : Stream
{
    private const int PiecesBeforeCut = 3;

    private readonly IEnumerator<byte[]> _pieces = pieces.GetEnumerator();
    private ReadOnlyMemory<byte> _rest;
    private int _count;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty)
        {
            if (interval > TimeSpan.Zero && _count > 0)
            {
                await Task.Delay(interval, time, cancellationToken);
            }

            if (isCut && _count == PiecesBeforeCut)
            {
                throw new IOException("The sandbox was asked to break the connection.");
            }

            if (!_pieces.MoveNext())
            {
                return 0;
            }

            _rest = _pieces.Current;
            _count++;
        }

        var length = Math.Min(buffer.Length, _rest.Length);
        _rest[..length].CopyTo(buffer);
        _rest = _rest[length..];
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous reads only.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        _pieces.Dispose();
        base.Dispose(disposing);
    }
}
