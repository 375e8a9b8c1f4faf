using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.NdJson;
using Gatehouse.Protocols.Tests.EventStream;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.NdJson;

public sealed class NdJsonReaderTests
{
    [Fact]
    public void Any_split_gives_the_lines_of_the_whole_text() => Properties.Hold(
        from text in Gen.Elements("\n", "\r\n", "\r", " ", "{}", "{\"a\":1}", "\u00e9\u4e16", "\t").ListOf().Select(string.Concat)
        from cuts in Cuts.Lengths
        select (text, cuts),
        value => Assert.Equal(Reference(value.text), Read(Encoding.UTF8.GetBytes(value.text), value.cuts), StringComparer.Ordinal),
        count: 3000);

    [Fact]
    public void Bytes_that_are_anything_are_split_all_the_same() => Properties.Hold(
        from bytes in Gen.OneOf(Gen.Elements<byte>(10, 13), Gen.Choose(0, 255).Select(b => (byte)b)).ArrayOf()
        from cuts in Cuts.Lengths
        select (bytes, cuts),
        value => Assert.Equal(Read(value.bytes, [int.MaxValue]), Read(value.bytes, value.cuts), StringComparer.Ordinal));

    [Theory]
    [InlineData("{}\n{}\n", "{}|{}")]
    [InlineData("{}\r\n{}\r\n", "{}|{}")]
    [InlineData("\n\n {\"a\":1} \n\n", "{\"a\":1}")]
    [InlineData("{}\n{\"last\":1}", "{}|{\"last\":1}")]
    [InlineData("{}\n \r\n", "{}")]
    [InlineData("", "")]
    public void A_line_is_what_stands_before_its_end(string text, string lines) =>
        Assert.Equal(lines.Split('|', StringSplitOptions.RemoveEmptyEntries), Read(Encoding.UTF8.GetBytes(text), [1]), StringComparer.Ordinal);

    [Fact]
    public void Every_recorded_stream_is_read_as_json_to_its_end()
    {
        foreach (var (id, bytes) in RecordedStreams.Of("ndjson"))
        {
            var lines = Read(bytes, [7, 1, 300]);
            Assert.True(lines.Count > 0, id);
            foreach (var line in lines)
            {
                using var json = JsonDocument.Parse(line);
                Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
            }
        }
    }

    [Fact]
    public void A_line_longer_than_allowed_is_told_while_it_grows()
    {
        using var reader = new NdJsonReader(maxLineLength: 4);
        Push(reader, "1\n2\n3\n4567"u8);
        while (reader.TryReadLine(out _))
        {
        }

        Assert.False(reader.IsLineTooLong);
        Push(reader, "8"u8);
        Assert.False(reader.TryReadLine(out _));
        Assert.True(reader.IsLineTooLong);
    }

    [Fact]
    public void The_buffer_goes_back_between_lines_and_not_before()
    {
        using var reader = new NdJsonReader(1000);
        // Of a size that no other test rents: the pool hands an array back to the thread that returned it.
        var array = ArrayOf(reader.GetMemory(34_000_000));
        Push(reader, "{}\n{"u8);
        Assert.True(reader.TryReadLine(out _));
        Assert.False(reader.TryReadLine(out _));
        reader.ReleaseBuffer();
        Assert.Same(array, ArrayOf(reader.GetMemory(1)));

        Push(reader, "}\n"u8);
        Assert.True(reader.TryReadLine(out var line));
        Assert.Equal("{}"u8, line);
        reader.ReleaseBuffer();
        Assert.Same(array, ArrayPool<byte>.Shared.Rent(array.Length));
        Assert.True(reader.Unfinished.IsEmpty);
    }

    private static IEnumerable<string> Reference(string text) =>
        text.Split('\n').Select(line => line.Trim(' ', '\t', '\r')).Where(line => line.Length > 0);

    private static List<string> Read(byte[] bytes, int[] cuts)
    {
        using var reader = new NdJsonReader(int.MaxValue);
        var lines = new List<string>();
        foreach (var piece in Cuts.Cut(bytes, cuts))
        {
            Push(reader, piece.Span);
            while (reader.TryReadLine(out var line))
            {
                lines.Add(Encoding.UTF8.GetString(line));
            }

            reader.ReleaseBuffer();
        }

        if (reader.TryReadLastLine(out var last))
        {
            lines.Add(Encoding.UTF8.GetString(last));
        }

        return lines;
    }

    private static void Push(NdJsonReader reader, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(reader.GetMemory(bytes.Length).Span);
        reader.Advance(bytes.Length);
    }

    private static byte[] ArrayOf(Memory<byte> memory) => MemoryMarshal.TryGetArray<byte>(memory, out var segment) ? segment.Array! : throw new InvalidOperationException("not an array");
}
