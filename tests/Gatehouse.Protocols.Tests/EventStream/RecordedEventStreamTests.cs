using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.EventStream;

/// <summary>What Bedrock sent.</summary>
public sealed class RecordedEventStreamTests
{
    [Fact]
    public void Every_recorded_stream_is_read_to_its_end()
    {
        foreach (var (id, bytes) in RecordedStreams.Of("eventstream"))
        {
            var read = ReadStream.Read(bytes, [int.MaxValue]);

            Assert.True(read is { Error: EventStreamError.None, Unfinished: 0 }, $"{id}: {read.Error}, {read.Unfinished} bytes left");
            Assert.NotEmpty(read.Messages);
            foreach (var message in read.Messages)
            {
                using var payload = JsonDocument.Parse(Convert.FromHexString(message.Payload));
                Assert.Equal(JsonValueKind.Object, payload.RootElement.ValueKind);
            }
        }
    }

    [Fact]
    public void Any_split_of_a_recorded_stream_gives_the_same_messages()
    {
        var streams = RecordedStreams.Of("eventstream");
        Properties.Hold(
            from stream in Gen.Elements(streams.AsEnumerable())
            from cuts in Cuts.Lengths
            select (stream, cuts),
            value => Assert.Equal(ReadStream.Read(value.stream.Bytes, [int.MaxValue]).Messages, ReadStream.Read(value.stream.Bytes, value.cuts).Messages),
            count: 200);
    }

    [Fact]
    public void A_corrupted_byte_of_a_recorded_stream_is_found()
    {
        var streams = RecordedStreams.Of("eventstream");
        Properties.Hold(
            from stream in Gen.Elements(streams.AsEnumerable())
            from position in Gen.Choose(0, stream.Bytes.Length - 1)
            from flipped in Gen.Choose(1, 255)
            select (stream, position, flipped),
            value =>
            {
                var bytes = value.stream.Bytes.ToArray();
                bytes[value.position] ^= (byte)value.flipped;
                Assert.NotEqual(EventStreamError.None, ReadStream.Read(bytes, [4096]).Error);
            });
    }

    /// <summary>InvokeModelWithResponseStream wraps each of the model's own events: <c>{"bytes": base64}</c>.</summary>
    [Fact]
    public void A_chunk_carries_an_event_of_the_models_own_format()
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, bytes) in RecordedStreams.Of("eventstream"))
        {
            using var reader = new EventStreamReader(bytes.Length);
            bytes.CopyTo(reader.GetMemory(bytes.Length));
            reader.Advance(bytes.Length);
            while (reader.TryReadMessage(out var message))
            {
                if (!message.EventType.SequenceEqual("chunk"u8))
                {
                    continue;
                }

                var payload = new Utf8JsonReader(message.Payload);
                using var chunk = JsonDocument.ParseValue(ref payload);
                using var inner = JsonDocument.Parse(chunk.RootElement.GetProperty("bytes").GetBytesFromBase64());
                if (inner.RootElement.TryGetProperty("type", out var type))
                {
                    _ = types.Add(type.GetString()!);
                }
            }
        }

        Assert.Superset(new HashSet<string>(["message_start", "content_block_delta", "message_stop"], StringComparer.Ordinal), types);
    }

    [Fact]
    public void The_writer_writes_what_bedrock_wrote()
    {
        foreach (var (id, bytes) in RecordedStreams.Of("eventstream"))
        {
            using var reader = new EventStreamReader(bytes.Length);
            bytes.CopyTo(reader.GetMemory(bytes.Length));
            reader.Advance(bytes.Length);
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            while (reader.TryReadMessage(out var message))
            {
                EventStreamWriter.WriteEvent(output, Encoding.UTF8.GetString(message.EventType), message.Payload);
            }

            Assert.True(output.WrittenSpan.SequenceEqual(bytes), id);
        }
    }
}
