using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Writes <c>image</c>, <c>document</c>, <c>video</c> and <c>audio</c> blocks, with the bytes in them or in S3: nothing else is taken.</summary>
internal static class BedrockMediaWriter
{
    /// <summary>What is wrong with a part for this dialect, in the words of an <see cref="UnsupportedException"/>; null for nothing.</summary>
    public static string? Fault(Part part) => part switch
    {
        ImagePart image => Fault("an image", image.Source, hasText: false)
            ?? (FormatOf(image) is null ? $"an image of type '{image.Source.MediaType ?? "unknown"}': Bedrock takes png, jpeg, gif and webp" : null),
        AudioPart audio => Fault("audio", audio.Source, hasText: false)
            ?? (FormatOf(audio) is null ? $"audio of format '{audio.Format ?? audio.Source.MediaType ?? "unknown"}'" : null),
        FilePart file => FaultOf(file),
        _ => null,
    };

    /// <param name="writer">At a place for a block.</param>
    /// <param name="part">An image, a sound or a file without a fault.</param>
    /// <param name="names">Of the documents so far; null to write the name as it is.</param>
    public static void Write(Utf8JsonWriter writer, Part part, BedrockDocumentNames? names)
    {
        writer.WriteStartObject();
        switch (part)
        {
            case ImagePart image:
                Write(writer, "image", FormatOf(image) ?? Own(image.Source), image.Source, image);
                break;
            case AudioPart audio:
                Write(writer, "audio", FormatOf(audio) ?? audio.Format, audio.Source, audio);
                break;
            case FilePart { Source.MediaType: { } type } file when IsA(type, "video/"):
                Write(writer, "video", BedrockFormats.Video(type) ?? Own(file.Source), file.Source, file);
                break;
            case FilePart { Source.MediaType: { } type } file when IsA(type, "image/"):
                Write(writer, "image", BedrockFormats.Image(type, default), file.Source, file);
                break;
            case FilePart { Source.MediaType: { } type } file when IsA(type, "audio/"):
                Write(writer, "audio", BedrockFormats.Audio(null, type), file.Source, file);
                break;
            case FilePart file:
                WriteDocument(writer, file, names);
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the member <c>image</c> of a stream's delta.</summary>
    public static void WriteImageDelta(Utf8JsonWriter writer, ImagePart image)
    {
        writer.WriteStartObject("image"u8);
        WriteSource(writer, image.Source, image);
        writer.WriteEndObject();
    }

    private static void WriteDocument(Utf8JsonWriter writer, FilePart file, BedrockDocumentNames? names)
    {
        writer.WriteStartObject("document"u8);
        writer.WriteOptional("format", names is null ? FormatOf(file) ?? Own(file.Source) : FormatOf(file));
        writer.WriteOptional("name", names is null ? file.FileName : names.Of(file));
        WriteSource(writer, file.Source, file);
        writer.WriteOptional("context", file.Context);
        if (file.Citations is { } citations)
        {
            writer.WriteStartObject("citations"u8);
            writer.WriteBoolean("enabled"u8, citations);
            writer.WriteEndObject();
        }

        WriteMore(writer, file);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, string? format, MediaSource source, Part part)
    {
        writer.WriteStartObject(name);
        writer.WriteOptional("format", format);
        WriteSource(writer, source, part);
        WriteMore(writer, part);
        writer.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter writer, MediaSource source, Part part)
    {
        writer.WriteStartObject("source"u8);
        if (source.Base64 is { } base64)
        {
            writer.WriteString("bytes"u8, base64.Span);
        }
        else if (source.Url is { } uri)
        {
            writer.WriteStartObject("s3Location"u8);
            writer.WriteString("uri"u8, uri);
            foreach (var member in OwnMembers(part))
            {
                if (member.Name == BedrockMediaReader.BucketOwner)
                {
                    writer.WritePropertyName(member.Name);
                    writer.WriteElement(member.Value);
                }
            }

            writer.WriteEndObject();
        }
        else if (part is FilePart { Content: { } content })
        {
            writer.WriteStartArray("content"u8);
            foreach (var piece in content.OfType<TextPart>())
            {
                writer.WriteStartObject();
                writer.WriteString("text"u8, piece.Text);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("text"u8, source.Text);
        }

        writer.WriteEndObject();
    }

    private static void WriteMore(Utf8JsonWriter writer, Part part)
    {
        foreach (var member in OwnMembers(part))
        {
            if (member.Name != BedrockMediaReader.BucketOwner)
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }
    }

    private static IReadOnlyList<Extension> OwnMembers(Part part) =>
        part.Extensions is { Dialect: Dialect.Bedrock } own ? own.Members : [];

    private static string? FaultOf(FilePart file)
    {
        var type = file.Source.MediaType;
        if (type is not null && IsA(type, "video/"))
        {
            return Fault("a video", file.Source, hasText: false)
                ?? (BedrockFormats.Video(type) is null ? $"a video of type '{type}'" : null);
        }

        if (type is not null && (IsA(type, "image/") || IsA(type, "audio/")))
        {
            return Fault("a file", file.Source, hasText: false)
                ?? ((BedrockFormats.Image(type, default) ?? BedrockFormats.Audio(null, type)) is null ? $"a file of type '{type}'" : null);
        }

        if (file.Content is { } content)
        {
            return content.All(p => p is TextPart) ? null : "a document of other parts than text";
        }

        return Fault("a document", file.Source, hasText: true)
            ?? (FormatOf(file) is null && file.Source.Text is null ? $"a document of type '{type ?? "unknown"}'" : null);
    }

    private static string? Fault(string what, MediaSource source, bool hasText)
    {
        if (source.Base64 is { Length: > 0 } || IsS3(source.Url) || (hasText && source.Text is not null))
        {
            return null;
        }

        return source.Url is not null ? $"{what} from a URL: Bedrock takes the bytes, or an s3:// location"
            : source.FileId is not null ? $"{what} by the id of an uploaded file"
            : $"{what} without bytes";
    }

    private static bool IsS3(string? url) => url is not null && url.StartsWith("s3://", StringComparison.Ordinal);

    private static string? FormatOf(ImagePart image) => BedrockFormats.Image(image.Source.MediaType, image.Source.Base64 is { } base64 ? base64.Span : default);

    private static string? FormatOf(AudioPart audio) => BedrockFormats.Audio(audio.Format, audio.Source.MediaType);

    private static string? FormatOf(FilePart file) => BedrockFormats.Document(file.Source.MediaType, file.FileName)
        ?? (file.Source.Text is not null && file.Source.MediaType is null ? "txt" : null);

    /// <summary>A format that this version does not know, as it was read.</summary>
    private static string? Own(MediaSource source) => source.MediaType is { } type ? type[(type.IndexOf('/') + 1)..] : null;

    private static bool IsA(string mediaType, string prefix) => mediaType.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
