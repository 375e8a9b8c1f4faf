using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Reads the parts of a message's content, and of a tool's result.</summary>
internal static class ResponsesContentReader
{
    private static readonly FrozenSet<string> KnownText = FrozenSet.Create(StringComparer.Ordinal, "type", "text", "annotations", "logprobs");

    private static readonly FrozenSet<string> KnownRefusal = FrozenSet.Create(StringComparer.Ordinal, "type", "refusal");

    private static readonly FrozenSet<string> KnownImage = FrozenSet.Create(StringComparer.Ordinal, "type", "image_url", "file_id", "detail");

    private static readonly FrozenSet<string> KnownFile = FrozenSet.Create(
        StringComparer.Ordinal, "type", "file_data", "file_url", "file_id", "filename");

    private static readonly FrozenSet<string> KnownAudio = FrozenSet.Create(StringComparer.Ordinal, "type", "input_audio");

    public static void Read(JsonElement list, Role role, string place, List<Part> parts)
    {
        var index = 0;
        foreach (var element in list.EnumerateArray())
        {
            parts.Add(Read(element, role, $"{place}[{(index++).ToString(CultureInfo.InvariantCulture)}]"));
        }
    }

    public static Part Read(JsonElement element, Role role, string place)
    {
        if (element.Text("type") is not { } type)
        {
            throw new MalformedException($"{place}.type", $"'{place}' must be an object with a 'type', as {{\"type\": \"input_text\", \"text\": ...}}");
        }

        return type switch
        {
            // The writer knows the name by the role: a client that mistakes one for the other is understood.
            "input_text" or "output_text" or "text" => ReadText(element, place),
            "refusal" when element.Text("refusal") is { } refusal =>
                new RefusalPart(refusal) { Extensions = element.ExtensionsBeside(Dialect.OpenAiResponses, KnownRefusal) },
            "input_image" when role != Role.Assistant && ImageSource(element) is { } source => new ImagePart(source)
            {
                Detail = element.Text("detail"),
                Extensions = element.ExtensionsBeside(Dialect.OpenAiResponses, KnownImage),
            },
            "input_file" when FileSource(element) is { } source => new FilePart(source)
            {
                FileName = element.Text("filename"),
                Extensions = element.ExtensionsBeside(Dialect.OpenAiResponses, KnownFile),
            },
            "input_audio" when element.Object("input_audio") is { } audio && OfString(audio, "data") is { } data =>
                new AudioPart(new MediaSource { MediaType = audio.Text("format") is { } format ? $"audio/{format}" : null, Base64 = data.Utf8Text() })
                {
                    Format = audio.Text("format"),
                    Extensions = element.ExtensionsBeside(Dialect.OpenAiResponses, KnownAudio),
                },
            _ => new OpaquePart(Dialect.OpenAiResponses, type, element),
        };
    }

    public static Citation ReadAnnotation(JsonElement annotation) => new()
    {
        Dialect = Dialect.OpenAiResponses,
        Value = annotation,
        Url = annotation.Text("url"),
        Title = annotation.Text("title") ?? annotation.Text("filename"),
        Start = annotation.Integer("start_index"),
        End = annotation.Integer("end_index"),
    };

    private static TextPart ReadText(JsonElement element, string place)
    {
        List<Citation>? citations = null;
        foreach (var annotation in element.Items("annotations"))
        {
            (citations ??= []).Add(ReadAnnotation(annotation));
        }

        return new TextPart(element.Text("text") ?? throw new MalformedException($"{place}.text", $"'{place}.text' must be a string"))
        {
            Citations = citations ?? (IReadOnlyList<Citation>)[],
            Logprobs = element.Array("logprobs"),
            Extensions = element.ExtensionsBeside(Dialect.OpenAiResponses, KnownText),
        };
    }

    private static MediaSource? ImageSource(JsonElement element) =>
        OfString(element, "image_url") is { } url ? DataUrl.Read(url)
        : element.Text("file_id") is { } id ? new MediaSource { FileId = id }
        : null;

    private static MediaSource? FileSource(JsonElement element)
    {
        if (OfString(element, "file_data") is { } data)
        {
            var source = DataUrl.Read(data);
            // Bare base64 is taken too.
            return source.Base64 is null ? new MediaSource { Base64 = data.Utf8Text() } : source;
        }

        return element.Text("file_url") is { } url ? new MediaSource { Url = url }
            : element.Text("file_id") is { } id ? new MediaSource { FileId = id }
            : null;
    }

    private static JsonElement? OfString(JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value : null;
}
