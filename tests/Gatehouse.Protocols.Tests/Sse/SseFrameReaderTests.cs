using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using FsCheck.Fluent;
using Gatehouse.Protocols.Sse;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Sse;

public sealed class SseFrameReaderTests
{
    [Fact]
    public void Any_split_gives_the_frames_of_the_whole_text() => Properties.Hold(
        from text in EventStreams.Text
        from cuts in Cuts.Lengths
        select (text, cuts),
        value =>
        {
            var bytes = Encoding.UTF8.GetBytes(value.text);
            var (frames, unfinished) = Read(bytes, value.cuts);

            Assert.Equal(SseReference.Frames(value.text), frames.Select(Encoding.UTF8.GetString), StringComparer.Ordinal);
            Assert.Equal(bytes, frames.SelectMany(frame => frame).Concat(unfinished));
        },
        count: 3000);

    [Fact]
    public void Bytes_that_are_not_text_are_split_and_kept_all_the_same() => Properties.Hold(
        from bytes in Gen.OneOf(Gen.Elements<byte>(10, 13), Gen.Choose(0, 255).Select(b => (byte)b)).ArrayOf()
        from cuts in Cuts.Lengths
        select (bytes, cuts),
        value =>
        {
            var (frames, unfinished) = Read(value.bytes, value.cuts);

            Assert.Equal(SseReference.Frames(Encoding.Latin1.GetString(value.bytes)), frames.Select(Encoding.Latin1.GetString), StringComparer.Ordinal);
            Assert.Equal(value.bytes, frames.SelectMany(frame => frame).Concat(unfinished));
        },
        count: 1000);

    [Fact]
    public void Frames_read_one_by_one_dispatch_the_events_that_the_standard_dispatches_for_the_whole_text() => Properties.Hold(
        // Something after the last line end settles whether a CR there is half of a CRLF.
        from text in EventStreams.Text.Select(text => text + ":")
        from cuts in Cuts.Lengths
        select (text, cuts),
        value =>
        {
            var events = new List<(string, string)>();
            foreach (var frame in Read(Encoding.UTF8.GetBytes(value.text), value.cuts).Frames)
            {
                var parsed = SseFrame.Parse(frame);
                if (parsed.HasData)
                {
                    events.Add((Encoding.UTF8.GetString(parsed.EventName), Encoding.UTF8.GetString(parsed.Data)));
                }
            }

            Assert.Equal(SseReference.Events(value.text), events);
        },
        count: 3000);

    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "data: a\n\n|data: b\n\n")]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\n\r\n|data: b\r\n\r\n")]
    [InlineData("data: a\r\rdata: b\r\r", "data: a\r\r|data: b\r\r")]
    [InlineData("data: a\n\r\ndata: b\r\n\n", "data: a\n\r\n|data: b\r\n\n")]
    [InlineData(": ping\n\n\n\ndata: a\n\n", ": ping\n\n|\n|\n|data: a\n\n")]
    [InlineData("event: x\ndata: 1\ndata: 2\n\n", "event: x\ndata: 1\ndata: 2\n\n")]
    [InlineData("\r\n\r\n", "\r\n|\r\n")]
    [InlineData("data: a\r\r\n", "data: a\r\r|\n")]
    [InlineData("data: a\n\r", "")]
    [InlineData("data: a\n", "")]
    [InlineData("", "")]
    public void Frames_end_with_the_blank_line(string text, string frames)
    {
        var expected = frames.Split('|', StringSplitOptions.RemoveEmptyEntries);
        for (var length = 1; length <= Math.Max(1, text.Length); length++)
        {
            Assert.Equal(expected, Read(Encoding.UTF8.GetBytes(text), [length]).Frames.Select(Encoding.UTF8.GetString), StringComparer.Ordinal);
        }
    }

    [Fact]
    public void A_frame_is_handed_out_as_soon_as_its_last_byte_is_there()
    {
        foreach (var lineEnd in new[] { "\n", "\r\n", "\r" })
        {
            using var reader = new SseFrameReader(1000);
            Push(reader, Encoding.UTF8.GetBytes($"data: a{lineEnd}{lineEnd}"));

            Assert.True(reader.TryReadFrame(out _), $"the frame waits for more after {lineEnd.Length} x {(int)lineEnd[0]}");
        }
    }

    [Fact]
    public void The_buffer_goes_back_between_frames_and_not_before()
    {
        using var reader = new SseFrameReader(1000);
        // Of a size that no other test rents: the pool hands an array back to the thread that returned it.
        var array = ArrayOf(reader.GetMemory(3_000_000));
        Push(reader, "data: a\n\nda"u8);
        Assert.True(reader.TryReadFrame(out _));

        reader.ReleaseBuffer();
        Assert.Same(array, ArrayOf(reader.GetMemory(1)));

        Push(reader, "ta: b\n\n"u8);
        Assert.True(reader.TryReadFrame(out var frame));
        Assert.Equal("data: b\n\n", Encoding.UTF8.GetString(frame));
        reader.ReleaseBuffer();
        AssertReturned(array);
        Assert.True(reader.Unfinished.IsEmpty);
    }

    [Fact]
    public void A_buffer_that_became_too_small_goes_back()
    {
        using var reader = new SseFrameReader(int.MaxValue);
        var small = ArrayOf(reader.GetMemory(5_000_000));
        reader.Advance(small.Length);
        var large = ArrayOf(reader.GetMemory(1));

        AssertReturned(small);
        reader.Dispose();
        AssertReturned(large);
    }

    [Fact]
    public void Disposing_in_the_middle_of_a_frame_gives_the_buffer_back_once()
    {
        var reader = new SseFrameReader(1000);
        var array = ArrayOf(reader.GetMemory(9_000_000));
        Push(reader, "data: unfinished"u8);

        reader.Dispose();
        reader.Dispose();

        AssertReturned(array);
        Assert.NotSame(array, ArrayPool<byte>.Shared.Rent(array.Length));
    }

    [Fact]
    public void A_frame_longer_than_allowed_is_told_while_it_grows()
    {
        using var reader = new SseFrameReader(maxFrameLength: 10);
        Push(reader, "data: 7890"u8);
        Assert.False(reader.TryReadFrame(out _));
        Assert.False(reader.IsFrameTooLong);

        Push(reader, "1"u8);
        Assert.False(reader.TryReadFrame(out _));
        Assert.True(reader.IsFrameTooLong);
    }

    [Fact]
    public void Many_short_frames_in_one_read_are_not_one_long_frame()
    {
        using var reader = new SseFrameReader(maxFrameLength: 10);
        Push(reader, "data: 1\n\ndata: 2\n\ndata: 3\n\nda"u8);
        while (reader.TryReadFrame(out _))
        {
        }

        Assert.False(reader.IsFrameTooLong);
        Assert.Equal("da"u8, reader.Unfinished);
    }

    private static (List<byte[]> Frames, byte[] Unfinished) Read(byte[] bytes, int[] cuts)
    {
        using var reader = new SseFrameReader(int.MaxValue);
        var frames = new List<byte[]>();
        foreach (var piece in Cuts.Cut(bytes, cuts))
        {
            Push(reader, piece.Span);
            while (reader.TryReadFrame(out var frame))
            {
                frames.Add(frame.ToArray());
            }

            reader.ReleaseBuffer();
        }

        return (frames, reader.Unfinished.ToArray());
    }

    private static void Push(SseFrameReader reader, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(reader.GetMemory(bytes.Length).Span);
        reader.Advance(bytes.Length);
    }

    private static byte[] ArrayOf(Memory<byte> memory) => MemoryMarshal.TryGetArray<byte>(memory, out var segment) ? segment.Array! : throw new InvalidOperationException("not an array");

    private static void AssertReturned(byte[] array) => Assert.Same(array, ArrayPool<byte>.Shared.Rent(array.Length));
}
