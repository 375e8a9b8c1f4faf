using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Reads <c>inlineData</c> and <c>fileData</c>: images, sounds and files, told apart by their media type.</summary>
internal static class GeminiMediaReader
{
    public static Part Read(JsonElement data, bool isFile, Signature? signature, List<Extension>? extensions, Func<string> field)
    {
        string? mediaType = null;
        JsonElement? displayName = null;
        JsonElement? content = null;
        foreach (var member in data.EnumerateObject())
        {
            switch (GeminiMembers.NameOf(member))
            {
                case "mimeType":
                    mediaType = GeminiMembers.Text(member.Value);
                    break;
                case "data" or "fileUri" when member.Value.ValueKind == JsonValueKind.String:
                    content = member.Value;
                    break;
                case "displayName" when member.Value.ValueKind == JsonValueKind.String:
                    displayName = member.Value;
                    break;
                case var other when member.Value.ValueKind != JsonValueKind.Null:
                    (extensions ??= []).Add(new Extension((isFile ? "fileData." : "inlineData.") + other, member.Value));
                    break;
            }
        }

        if (content is not { } value)
        {
            var missing = isFile ? "fileData.fileUri" : "inlineData.data";
            throw new MalformedException($"{field()}.{missing}", $"'{field()}.{missing}' is missing; it must be {(isFile ? "the URI of a file" : "base64")}");
        }

        var source = isFile ? FileSource(value.TextOrFail("fileUri"), mediaType) : new MediaSource { MediaType = mediaType, Base64 = Base64(value) };
        var isImage = Is(mediaType, "image/");
        var isAudio = Is(mediaType, "audio/");
        if (displayName is { } name && (isImage || isAudio))
        {
            (extensions ??= []).Add(new Extension((isFile ? "fileData." : "inlineData.") + "displayName", name));
        }

        if (isImage)
        {
            return new ImagePart(source) { Signature = signature, Extensions = Extensions.Of(Dialect.Gemini, extensions) };
        }

        if (signature is not null)
        {
            (extensions ??= []).Add(new Extension("thoughtSignature", GeminiMembers.ToElement(signature.InBase64(Dialect.Gemini))));
        }

        return isAudio
            ? new AudioPart(source) { Format = FormatOf(mediaType!), Extensions = Extensions.Of(Dialect.Gemini, extensions) }
            : new FilePart(source) { FileName = displayName is { } file ? GeminiMembers.Text(file) : null, Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }

    /// <summary>What was uploaded to Google only Google can read; any other URI is an address.</summary>
    private static MediaSource FileSource(string uri, string? mediaType) =>
        uri.StartsWith("gs://", StringComparison.Ordinal) || uri.StartsWith("files/", StringComparison.Ordinal)
            || uri.StartsWith("https://generativelanguage.googleapis.com/", StringComparison.Ordinal)
            ? new MediaSource { MediaType = mediaType, FileId = uri }
            : new MediaSource { MediaType = mediaType, Url = uri };

    /// <summary>Google takes the alphabet of URLs too, and base64 without its padding; nobody else does.</summary>
    private static ReadOnlyMemory<byte> Base64(JsonElement value)
    {
        var text = value.Utf8Text();
        if (!text.Span.ContainsAny((byte)'-', (byte)'_') && text.Length % 4 == 0)
        {
            return text;
        }

        var standard = new byte[(text.Length + 3) / 4 * 4];
        text.Span.CopyTo(standard);
        standard.AsSpan(text.Length).Fill((byte)'=');
        standard.AsSpan().Replace((byte)'-', (byte)'+');
        standard.AsSpan().Replace((byte)'_', (byte)'/');
        return standard;
    }

    private static bool Is(string? mediaType, string prefix) => mediaType?.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ?? false;

    /// <summary>OpenAI's word for a format of sound.</summary>
    private static string FormatOf(string mediaType)
    {
        var subtype = mediaType["audio/".Length..].ToLowerInvariant();
        var end = subtype.IndexOf(';', StringComparison.Ordinal);
        subtype = end < 0 ? subtype : subtype[..end];
        return subtype switch
        {
            "x-wav" or "wave" => "wav",
            "mpeg" => "mp3",
            "l16" or "pcm" => "pcm16",
            _ => subtype,
        };
    }
}
