using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>A block of a stream that has begun: a part that goes out in pieces, or one that is collected until it is whole.</summary>
internal sealed class BedrockStreamBlock
{
    private readonly JsonElement _start;
    private readonly StringBuilder _text = new();
    private readonly List<JsonElement> _results = [];
    private ArrayBufferWriter<byte>? _bytes;
    private string? _location;

    public BedrockStreamBlock(int part, Part kind) => (Part, Kind) = (part, kind);

    /// <param name="start">What <c>contentBlockStart</c> says of it; outlives the block.</param>
    public BedrockStreamBlock(JsonElement start) => (_start, IsWhole) = (start, true);

    /// <summary>Its number, unless it <see cref="IsWhole"/>.</summary>
    public int Part { get; }

    /// <summary>What it began as.</summary>
    public Part? Kind { get; }

    /// <summary>It is told as a part when it has ended: an image, a call of a tool that the provider runs, and its result.</summary>
    public bool IsWhole { get; }

    /// <summary>Collects a piece.</summary>
    public void Add(JsonElement delta)
    {
        _ = _text.Append(delta.Object("toolUse")?.Text("input"));
        foreach (var result in delta.Items("toolResult"))
        {
            _results.Add(result.Clone());
        }

        if (delta.Object("image")?.Object("source") is { } source)
        {
            _location ??= source.Object("s3Location")?.Text("uri");
            if (source.Text("bytes") is { } base64)
            {
                Append(base64);
            }
        }
    }

    public Part ToPart()
    {
        if (_start.Object("image") is { } image)
        {
            return new ImagePart(new MediaSource
            {
                MediaType = BedrockFormats.ImageMediaType(image.Text("format")),
                Base64 = _location is null ? Encoding.ASCII.GetBytes(Convert.ToBase64String(_bytes is null ? [] : _bytes.WrittenSpan)) : null,
                Url = _location,
            });
        }

        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            Write(writer);
        }

        // A level deeper than what was read.
        var reader = new Utf8JsonReader(output.WrittenSpan, new JsonReaderOptions { MaxDepth = 2 * JsonWriting.ReadOptions.MaxDepth });
        var value = JsonElement.ParseValue(ref reader);
        return new OpaquePart(Dialect.Bedrock, value.EnumerateObject().First().Name, value);
    }

    /// <summary>The block as an answer that is not streamed has it.</summary>
    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var member in _start.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (member.Value.ValueKind != JsonValueKind.Object)
            {
                member.Value.WriteTo(writer);
                continue;
            }

            writer.WriteStartObject();
            foreach (var inner in member.Value.EnumerateObject())
            {
                inner.WriteTo(writer);
            }

            if (member.NameEquals("toolUse"u8))
            {
                writer.WritePropertyName("input"u8);
                writer.WriteJsonObject(_text.ToString());
            }
            else if (member.NameEquals("toolResult"u8))
            {
                writer.WriteStartArray("content"u8);
                foreach (var result in _results)
                {
                    result.WriteTo(writer);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>Every piece is base64 of its own.</summary>
    private void Append(string base64)
    {
        _bytes ??= new ArrayBufferWriter<byte>();
        var span = _bytes.GetSpan((base64.Length / 4 * 3) + 3);
        if (!Convert.TryFromBase64String(base64, span, out var length))
        {
            throw new MalformedException("delta.image.source.bytes", "a piece of an image is not base64");
        }

        _bytes.Advance(length);
    }
}
