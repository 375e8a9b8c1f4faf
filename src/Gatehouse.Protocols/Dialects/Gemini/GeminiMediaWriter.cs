using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes images, sounds and files as <c>inlineData</c> or <c>fileData</c>.</summary>
internal static class GeminiMediaWriter
{
    /// <summary>The source of a part that is a medium.</summary>
    public static MediaSource? SourceOf(Part part) => part switch
    {
        ImagePart image => image.Source,
        AudioPart audio => audio.Source,
        FilePart file => file.Source,
        _ => null,
    };

    /// <summary>Whether there is something that can be written: bytes, text or an address.</summary>
    public static bool CanWrite(MediaSource source) => (source.Base64 ?? (object?)source.Url ?? source.FileId ?? source.Text) is not null;

    /// <summary>Writes the member <c>inlineData</c> or <c>fileData</c>.</summary>
    /// <param name="writer">Within a part.</param>
    /// <param name="part">A medium that can be written.</param>
    public static void Write(Utf8JsonWriter writer, Part part)
    {
        var source = SourceOf(part)!;
        var isFile = (source.Url ?? source.FileId) is not null && source.Base64 is null;
        writer.WriteStartObject(isFile ? "fileData"u8 : "inlineData"u8);
        if ((source.MediaType ?? (isFile && part.Extensions?.Dialect == Dialect.Gemini ? null : MediaTypeOf(part, source))) is { } mediaType)
        {
            writer.WriteString("mimeType"u8, mediaType);
        }

        if (isFile)
        {
            writer.WriteString("fileUri"u8, source.Url ?? source.FileId);
        }
        else if (source.Base64 is { } base64)
        {
            writer.WriteString("data"u8, base64.Span);
        }
        else
        {
            writer.WriteBase64String("data"u8, Encoding.UTF8.GetBytes(source.Text!));
        }

        if (part is FilePart { FileName: { } fileName } && part.Extensions?.Dialect == Dialect.Gemini)
        {
            writer.WriteString("displayName"u8, fileName);
        }

        GeminiContentWriter.WriteExtensions(writer, part.Extensions, isFile ? "fileData." : "inlineData.");
        writer.WriteEndObject();
    }

    /// <summary>Google wants a media type; an address mostly tells it, and else the kind of the part tells the usual one.</summary>
    private static string MediaTypeOf(Part part, MediaSource source) => part switch
    {
        AudioPart { Format: { } format } => format switch
        {
            "pcm16" => "audio/pcm",
            "mp3" => "audio/mp3",
            _ => "audio/" + format,
        },
        _ => (ExtensionOf((part as FilePart)?.FileName) ?? ExtensionOf(source.Url)) switch
        {
            "png" => "image/png",
            "jpg" or "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "heic" => "image/heic",
            "heif" => "image/heif",
            "pdf" => "application/pdf",
            "txt" or "md" => "text/plain",
            "csv" => "text/csv",
            "html" => "text/html",
            "json" => "application/json",
            "mp4" => "video/mp4",
            "mov" => "video/mov",
            "webm" => "video/webm",
            "mpeg" or "mpg" => "video/mpeg",
            "mp3" => "audio/mp3",
            "wav" => "audio/wav",
            _ => part switch
            {
                ImagePart => "image/jpeg",
                AudioPart => "audio/wav",
                _ when source.Text is not null => "text/plain",
                _ => "application/pdf",
            },
        },
    };

    private static string? ExtensionOf(string? name)
    {
        if (name is null)
        {
            return null;
        }

        var end = name.AsSpan().IndexOfAny('?', '#');
        var path = end < 0 ? name.AsSpan() : name.AsSpan(0, end);
        var dot = path.LastIndexOf('.');
        return dot < 0 || path.Length - dot > 6 ? null : path[(dot + 1)..].ToString().ToLowerInvariant();
    }
}
