using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Reads <c>content</c>: a string, or a list of parts. Takes the parts of all providers of the format.</summary>
internal static class OpenAiChatContentReader
{
    private static readonly FrozenDictionary<string, MemberTypes> TextMembers = Table(("text", MemberTypes.Text));
    private static readonly FrozenDictionary<string, MemberTypes> RefusalMembers = Table(("refusal", MemberTypes.Text));
    private static readonly FrozenDictionary<string, MemberTypes> ImageMembers = Table(("image_url", MemberTypes.Object | MemberTypes.Text));
    private static readonly FrozenDictionary<string, MemberTypes> AudioMembers = Table(("input_audio", MemberTypes.Object | MemberTypes.Text));
    private static readonly FrozenDictionary<string, MemberTypes> FileMembers = Table(("file", MemberTypes.Object), ("file_id", MemberTypes.Text));
    private static readonly FrozenDictionary<string, MemberTypes> VideoMembers = Table(("video_url", MemberTypes.Object | MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> DocumentMembers =
        Table(("document_url", MemberTypes.Text), ("document_name", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> ThinkingMembers = Table(("thinking", MemberTypes.Array | MemberTypes.Text));

    /// <summary>Adds the parts of a content that is there.</summary>
    /// <param name="content">A string or an array.</param>
    /// <param name="field">For messages about what is wrong.</param>
    /// <param name="dialect">Whose it is.</param>
    /// <param name="parts">Where to.</param>
    public static void Read(JsonElement content, string field, Dialect dialect, List<Part> parts)
    {
        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                if (content.TextOrFail(field) is { Length: > 0 } text)
                {
                    parts.Add(new TextPart(text));
                }

                break;
            case JsonValueKind.Array:
                var i = 0;
                foreach (var part in content.EnumerateArray())
                {
                    parts.Add(ReadPart(part, field, i++, dialect));
                }

                break;
            default:
                throw new MalformedException(field, $"'{field}' must be a string or a list of parts");
        }
    }

    public static CacheControl? CacheControl(JsonElement element, Dialect dialect)
    {
        if (element.Object("cache_control") is not { } control)
        {
            return null;
        }

        var time = control.Text("ttl");
        return new CacheControl(time == "1h", time is not null)
        {
            Extensions = Extensions.Of(dialect, OpenAiChatMembers.Beside(control, Table(("type", MemberTypes.Text), ("ttl", MemberTypes.Text)))),
        };
    }

    /// <summary>An image as OpenRouter puts it beside the content (<c>images</c>), or as a part.</summary>
    public static ImagePart? Image(JsonElement part) => part.Member("image_url") switch
    {
        { ValueKind: JsonValueKind.String } url => new ImagePart(DataUrl.Read(url)),
        { ValueKind: JsonValueKind.Object } image when image.Member("url") is { ValueKind: JsonValueKind.String } url =>
            new ImagePart(DataUrl.Read(url)) { Detail = image.Text("detail") },
        _ => null,
    };

    private static Part ReadPart(JsonElement part, string field, int index, Dialect dialect)
    {
        if (part.ValueKind == JsonValueKind.String)
        {
            // Some clients put strings into the list.
            return new TextPart(part.TextOrFail(field));
        }

        if (part.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException($"{field}[{index}]", $"'{field}[{index}]' must be an object with a 'type'");
        }

        var type = part.Text("type") ?? throw new MalformedException($"{field}[{index}].type", $"'{field}[{index}].type' is missing: expected text, image_url, ...");
        var (read, known) = type switch
        {
            "text" or "input_text" or "output_text" when part.Text("text") is { } text => (new TextPart(text), TextMembers),
            "refusal" when part.Text("refusal") is { } refusal => (new RefusalPart(refusal), RefusalMembers),
            "image_url" => (Image(part), ImageMembers),
            "input_audio" => (Audio(part), AudioMembers),
            "file" => (FileOf(part), FileMembers),
            "video_url" => (Video(part), VideoMembers),
            "document_url" => (Document(part), DocumentMembers),
            "thinking" => (Thinking(part), ThinkingMembers),
            _ => ((Part?)null, TextMembers),
        };
        if (read is null)
        {
            return new OpaquePart(dialect, type, part);
        }

        var more = OpenAiChatMembers.Beside(part, known);
        _ = more?.RemoveAll(m => m.Name == "type" || (m.Name == "cache_control" && m.Value.ValueKind == JsonValueKind.Object));
        return read with { CacheControl = CacheControl(part, dialect), Extensions = Extensions.Of(dialect, more) };
    }

    private static AudioPart? Audio(JsonElement part) => part.Member("input_audio") switch
    {
        // Mistral: base64 or a URL, and no format.
        { ValueKind: JsonValueKind.String } audio => new AudioPart(IsUrl(audio) ? new MediaSource { Url = audio.TextOrFail("input_audio") } : new MediaSource { Base64 = audio.Utf8Text() }),
        { ValueKind: JsonValueKind.Object } audio when audio.Member("data") is { ValueKind: JsonValueKind.String } data =>
            new AudioPart(new MediaSource { Base64 = data.Utf8Text(), MediaType = audio.Text("format") is { } format ? $"audio/{format}" : null }) { Format = audio.Text("format") },
        _ => null,
    };

    private static FilePart? FileOf(JsonElement part)
    {
        if (part.Text("file_id") is { } mistralId)
        {
            return new FilePart(new MediaSource { FileId = mistralId });
        }

        if (part.Object("file") is not { } file)
        {
            return null;
        }

        var source = file.Member("file_data") is { ValueKind: JsonValueKind.String } data ? DataUrl.Read(data)
            : file.Text("file_id") is { } id ? new MediaSource { FileId = id }
            : null;
        return source is null ? null : new FilePart(source) { FileName = file.Text("filename") };
    }

    private static FilePart? Video(JsonElement part)
    {
        if ((part.Object("video_url")?.Member("url") ?? part.Member("video_url")) is not { ValueKind: JsonValueKind.String } url)
        {
            return null;
        }

        var source = DataUrl.Read(url);
        return new FilePart(source with { MediaType = source.MediaType ?? "video/mp4" });
    }

    private static FilePart? Document(JsonElement part) => part.Member("document_url") is { ValueKind: JsonValueKind.String } url
        ? new FilePart(DataUrl.Read(url)) { FileName = part.Text("document_name") }
        : null;

    private static ReasoningPart? Thinking(JsonElement part) => part.Member("thinking") switch
    {
        { ValueKind: JsonValueKind.String } text => new ReasoningPart { Text = text.TextOrFail("thinking") },
        { ValueKind: JsonValueKind.Array } chunks => new ReasoningPart { Text = ThinkingText(chunks) },
        _ => null,
    };

    /// <summary>The text of Mistral's list of chunks within a thought.</summary>
    public static string ThinkingText(JsonElement chunks)
    {
        var text = new StringBuilder();
        foreach (var chunk in chunks.EnumerateArray())
        {
            _ = text.Append(chunk.Text("text"));
        }

        return text.ToString();
    }

    private static bool IsUrl(JsonElement text) => text.GetRawText().AsSpan(1).StartsWith("http", StringComparison.Ordinal);

    private static FrozenDictionary<string, MemberTypes> Table(params (string Name, MemberTypes Types)[] members) => OpenAiChatMembers.Table(members);
}
