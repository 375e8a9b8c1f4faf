using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.EventStream;

public sealed class EventStreamReaderTests
{
    private static readonly Gen<byte[]> Bytes = Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf();

    private static readonly Gen<(string, EventStreamValueType, ReadOnlyMemory<byte>)> Header =
        from name in Gen.Elements("a", ":event-type", ":message-type", "\u00e9\u4e16", new string('n', 255))
        from type in Gen.Choose(0, 9).Select(number => (EventStreamValueType)number)
        from value in Bytes
        select (name, type, (ReadOnlyMemory<byte>)OfLength(value, LengthOf(type) ?? value.Length));

    private static readonly Gen<byte[]> Written = (from headers in Header.ArrayOf() from payload in Bytes select (headers, payload)).ArrayOf().Select(messages =>
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var (headers, payload) in messages)
        {
            EventStreamWriter.WriteMessage(output, headers, payload);
        }

        return output.WrittenSpan.ToArray();
    });

    [Fact]
    public void What_is_written_is_read_for_any_headers_and_any_split() => Properties.Hold(
        from headers in Header.ArrayOf()
        from payload in Bytes
        from cuts in Cuts.Lengths
        select (headers, payload, cuts),
        value =>
        {
            var output = new ArrayBufferWriter<byte>();
            EventStreamWriter.WriteMessage(output, value.headers, value.payload);

            var read = ReadStream.Read(output.WrittenSpan.ToArray(), value.cuts);

            var headers = value.headers.Select(header => $"{header.Item1}={header.Item2}:{Convert.ToHexString(header.Item3.Span)}");
            Assert.Equal([new Message(string.Join(';', headers), Convert.ToHexString(value.payload))], read.Messages);
            Assert.Equal((EventStreamError.None, 0), (read.Error, read.Unfinished));
        });

    [Fact]
    public void Any_split_gives_the_same_messages() => Properties.Hold(
        from stream in Written
        from end in Gen.Choose(0, 30)
        from cuts in Cuts.Lengths
        select (bytes: stream[..Math.Max(0, stream.Length - end)], cuts),
        value =>
        {
            var (whole, cut) = (ReadStream.Read(value.bytes, [int.MaxValue]), ReadStream.Read(value.bytes, value.cuts));
            Assert.Equal(whole.Messages, cut.Messages);
            Assert.Equal((EventStreamError.None, whole.Unfinished), (cut.Error, cut.Unfinished));
        });

    [Fact]
    public void Every_byte_is_protected_by_a_checksum() => Properties.Hold(
        from stream in Written.Where(bytes => bytes.Length > 0)
        from position in Gen.Choose(0, stream.Length - 1)
        from flipped in Gen.Choose(1, 255)
        from cuts in Cuts.Lengths
        select (stream, position, flipped, cuts),
        value =>
        {
            var whole = ReadStream.Read(value.stream, [int.MaxValue]);
            value.stream[value.position] ^= (byte)value.flipped;

            var read = ReadStream.Read(value.stream, value.cuts);

            Assert.True(read.Error is EventStreamError.PreludeChecksum or EventStreamError.MessageChecksum, $"{read.Error}");
            Assert.Equal(whole.Messages.Take(read.Messages.Count), read.Messages);
            Assert.True(read.Messages.Count < whole.Messages.Count);
        });

    [Fact]
    public void Bytes_that_are_anything_are_refused_and_never_throw() => Properties.Hold(
        from lengths in Gen.Choose(0, 300).ArrayOf(2)
        from rest in Bytes
        from isSummed in Gen.Elements(true, false)
        from cuts in Cuts.Lengths
        select (lengths, rest, isSummed, cuts),
        value =>
        {
            var bytes = new byte[12 + value.rest.Length];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value.lengths[0]);
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), value.lengths[1]);
            value.rest.CopyTo(bytes, 12);
            if (value.isSummed)
            {
                // Lengths that pass their checksum reach the checks behind it.
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), Crc32.Compute(bytes.AsSpan(0, 8)));
                if (value.lengths[0] is >= 16 and var total && total <= bytes.Length)
                {
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(total - 4), Crc32.Compute(bytes.AsSpan(0, total - 4)));
                }
            }

            Assert.Equal(ReadStream.Read(bytes, [int.MaxValue], 200).Error, ReadStream.Read(bytes, value.cuts, 200).Error);
        },
        count: 5000);

    [Theory]
    [InlineData(0u, 0u, EventStreamError.InvalidLength)]
    [InlineData(15u, 0u, EventStreamError.InvalidLength)]
    [InlineData(16u, 1u, EventStreamError.InvalidLength)]
    [InlineData(20u, uint.MaxValue, EventStreamError.InvalidLength)]
    [InlineData(200_000u, (128 * 1024) + 1u, EventStreamError.InvalidLength)]
    [InlineData(200_001u, 0u, EventStreamError.MessageTooLong)]
    [InlineData(uint.MaxValue, 0u, EventStreamError.MessageTooLong)]
    [InlineData(200_000u, 128 * 1024u, EventStreamError.None)]
    [InlineData(16u, 0u, EventStreamError.None)]
    public void Lengths_are_checked_before_the_message_is_there(uint total, uint headers, EventStreamError error)
    {
        var prelude = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(prelude, total);
        BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(4), headers);
        BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(8), Crc32.Compute(prelude.AsSpan(0, 8)));

        Assert.Equal(error, ReadStream.Read(prelude, [int.MaxValue], maxMessageLength: 200_000).Error);
    }

    [Theory]
    [InlineData("00", "a name of no bytes")]
    [InlineData("0161", "no type")]
    [InlineData("05610700", "a name that does not end")]
    [InlineData("01610A", "a type that does not exist")]
    [InlineData("0161FF", "a type that does not exist")]
    [InlineData("016102", "a number of no bytes")]
    [InlineData("01610800000000000000", "a timestamp of seven bytes")]
    [InlineData("0161070002FF", "a text that does not end")]
    [InlineData("01610700", "half a length")]
    [InlineData("01610001", "a second header that does not end")]
    public void A_header_that_is_none_is_an_error(string headers, string why)
    {
        var bytes = Convert.FromHexString(headers);
        var message = new byte[16 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), bytes.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), Crc32.Compute(message.AsSpan(0, 8)));
        bytes.CopyTo(message, 12);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(message.Length - 4), Crc32.Compute(message.AsSpan(0, message.Length - 4)));

        var read = ReadStream.Read(message, [int.MaxValue]);

        Assert.True(read.Error == EventStreamError.InvalidHeader, $"{why}: {read.Error}");
        Assert.Empty(read.Messages);
    }

    [Fact]
    public void An_event_tells_its_type_and_payload()
    {
        var output = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteEvent(output, "contentBlockDelta", """{"delta":{"text":"Hi"}}"""u8);
        using var reader = new EventStreamReader(1000);
        output.WrittenMemory.CopyTo(reader.GetMemory(output.WrittenCount));
        reader.Advance(output.WrittenCount);

        Assert.True(reader.TryReadMessage(out var message));
        Assert.Equal("event"u8, message.MessageType);
        Assert.Equal("contentBlockDelta"u8, message.EventType);
        Assert.Equal("application/json"u8, message.ContentType);
        Assert.Equal("""{"delta":{"text":"Hi"}}"""u8, message.Payload);
        Assert.True(message.ExceptionType.IsEmpty && message.ErrorCode.IsEmpty && !message.IsFailure);
        Assert.False(reader.TryReadMessage(out _));
    }

    [Fact]
    public void A_failure_tells_its_type_or_its_code()
    {
        var output = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteException(output, "throttlingException", """{"message":"slow down"}"""u8);
        EventStreamWriter.WriteMessage(
            output, [Text(":message-type", "error"), Text(":error-code", "InternalError"), Text(":error-message", "It broke.")], []);
        using var reader = new EventStreamReader(1000);
        output.WrittenMemory.CopyTo(reader.GetMemory(output.WrittenCount));
        reader.Advance(output.WrittenCount);

        Assert.True(reader.TryReadMessage(out var exception));
        Assert.True(exception.IsFailure);
        Assert.Equal("throttlingException"u8, exception.ExceptionType);
        Assert.Equal("""{"message":"slow down"}"""u8, exception.Payload);
        Assert.True(reader.TryReadMessage(out var error));
        Assert.True(error.IsFailure);
        Assert.Equal("InternalError"u8, error.ErrorCode);
        Assert.Equal("It broke."u8, error.ErrorMessage);
    }

    [Fact]
    public void A_header_of_another_type_is_not_taken_for_its_name()
    {
        var output = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteMessage(output, [(":event-type", EventStreamValueType.Number32, new byte[4])], []);
        using var reader = new EventStreamReader(1000);
        output.WrittenMemory.CopyTo(reader.GetMemory(output.WrittenCount));
        reader.Advance(output.WrittenCount);

        Assert.True(reader.TryReadMessage(out var message));
        Assert.True(message.EventType.IsEmpty);
    }

    [Fact]
    public void The_buffer_goes_back_between_messages_and_not_before()
    {
        var output = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteEvent(output, "a", "{}"u8);
        using var reader = new EventStreamReader(1000);
        // Of a size that no other test rents: the pool hands an array back to the thread that returned it.
        var array = ArrayOf(reader.GetMemory(17_000_000));
        output.WrittenMemory[..20].CopyTo(reader.GetMemory(20));
        reader.Advance(20);
        Assert.False(reader.TryReadMessage(out _));
        reader.ReleaseBuffer();
        Assert.Same(array, ArrayOf(reader.GetMemory(1)));

        output.WrittenMemory[20..].CopyTo(reader.GetMemory(output.WrittenCount - 20));
        reader.Advance(output.WrittenCount - 20);
        Assert.True(reader.TryReadMessage(out _));
        reader.ReleaseBuffer();
        Assert.Same(array, ArrayPool<byte>.Shared.Rent(array.Length));
        Assert.True(reader.Unfinished.IsEmpty);
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("a", 0xE8B7BE43u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void Crc32_is_that_of_gzip(string text, uint sum)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        Assert.Equal(sum, Crc32.Compute(bytes));
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(sum, Crc32.Compute(bytes.AsSpan(cut), Crc32.Compute(bytes.AsSpan(0, cut))));
        }
    }

    [Fact]
    public void What_cannot_be_read_is_not_written()
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentException>(() => EventStreamWriter.WriteMessage(output, [Text("", "x")], []));
        Assert.Throws<ArgumentException>(() => EventStreamWriter.WriteMessage(output, [Text(new string('n', 256), "x")], []));
        Assert.Throws<ArgumentException>(() => EventStreamWriter.WriteMessage(output, [("a", EventStreamValueType.Uuid, new byte[15])], []));
        Assert.Throws<ArgumentException>(() => EventStreamWriter.WriteMessage(output, [("a", (EventStreamValueType)10, new byte[1])], []));
        var large = ("a", EventStreamValueType.Bytes, (ReadOnlyMemory<byte>)new byte[ushort.MaxValue]);
        Assert.Throws<ArgumentException>(() => EventStreamWriter.WriteMessage(output, [large, large, large], []));
        Assert.Equal(0, output.WrittenCount);
    }

    private static (string, EventStreamValueType, ReadOnlyMemory<byte>) Text(string name, string value) =>
        (name, EventStreamValueType.Text, Encoding.UTF8.GetBytes(value));

    private static int? LengthOf(EventStreamValueType type) => type switch
    {
        EventStreamValueType.True or EventStreamValueType.False => 0,
        EventStreamValueType.Number8 => 1,
        EventStreamValueType.Number16 => 2,
        EventStreamValueType.Number32 => 4,
        EventStreamValueType.Number64 or EventStreamValueType.Timestamp => 8,
        EventStreamValueType.Uuid => 16,
        _ => null,
    };

    private static byte[] OfLength(byte[] bytes, int length)
    {
        Array.Resize(ref bytes, length);
        return bytes;
    }

    private static byte[] ArrayOf(Memory<byte> memory) => MemoryMarshal.TryGetArray<byte>(memory, out var segment) ? segment.Array! : throw new InvalidOperationException("not an array");
}
