using System.Buffers;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// A JSON text with a few edits applied while it is written: every byte outside the edits is the caller's own, so that unknown fields,
/// field order, number formats, duplicate keys and escapes survive. Nothing is copied.
/// </summary>
public readonly struct SplicedJson
{
    private readonly ReadOnlySequence<byte> _original;
    private readonly ReadOnlyMemory<JsonEdit> _edits;

    /// <param name="original">The text as received.</param>
    /// <param name="edits">In order of their offsets, not overlapping.</param>
    public SplicedJson(ReadOnlySequence<byte> original, ReadOnlyMemory<JsonEdit> edits)
    {
        _original = original;
        _edits = edits;
        Length = original.Length;
        foreach (var edit in edits.Span)
        {
            Length += edit.Replacement.Length - edit.Length;
        }
    }

    /// <summary>Length in bytes after the edits.</summary>
    public long Length { get; }

    /// <summary>The text after the edits, as a copy.</summary>
    public ReadOnlyMemory<byte> ToMemory()
    {
        var output = new ArrayBufferWriter<byte>((int)Math.Max(1, Length));
        var position = 0L;
        foreach (var edit in _edits.Span)
        {
            Write(output, _original.Slice(position, edit.Offset - position));
            output.Write(edit.Replacement.Span);
            position = edit.Offset + edit.Length;
        }

        Write(output, _original.Slice(position));
        return output.WrittenMemory;
    }

    public async ValueTask WriteToAsync(Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var position = 0L;
        for (var i = 0; i < _edits.Length; i++)
        {
            var edit = _edits.Span[i];
            await WriteAsync(destination, _original.Slice(position, edit.Offset - position), cancellationToken);
            await destination.WriteAsync(edit.Replacement, cancellationToken);
            position = edit.Offset + edit.Length;
        }

        await WriteAsync(destination, _original.Slice(position), cancellationToken);
    }

    private static void Write(ArrayBufferWriter<byte> output, in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            output.Write(segment.Span);
        }
    }

    private static async ValueTask WriteAsync(Stream destination, ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        foreach (var segment in bytes)
        {
            await destination.WriteAsync(segment, cancellationToken);
        }
    }
}
