using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes the content of messages that are not the assistant's, and of tools' results.</summary>
internal static class ResponsesContentWriter
{
    /// <exception cref="UnsupportedException">The part is of a kind that no input can have.</exception>
    public static void WriteInput(Utf8JsonWriter writer, Part part, Dialect dialect, string place, DroppedParameters dropped)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(writer, text.Text, part.Extensions);
                break;
            case RefusalPart refusal:
                WriteText(writer, refusal.Text, null);
                break;
            case ImagePart image:
                WriteImage(writer, image, dialect, place);
                break;
            case AudioPart audio:
                WriteAudio(writer, audio, place);
                break;
            case FilePart file:
                WriteFile(writer, file, dialect, place, dropped);
                break;
            case OpaquePart { Dialect: Dialect.OpenAiResponses } opaque:
                writer.WriteElement(opaque.Value);
                break;
            default:
                throw new UnsupportedException($"{place} ({(part as OpaquePart)?.Type ?? part.GetType().Name})");
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string text, Extensions? extensions)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteExtensions(extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static void WriteImage(Utf8JsonWriter writer, ImagePart image, Dialect dialect, string place)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_image"u8);
        if (image.Source.FileId is { } id)
        {
            writer.WriteString("file_id"u8, OwnFile(id, dialect, place));
        }
        else if (image.Source is { Base64: null, Url: null })
        {
            throw new UnsupportedException($"{place} (image without a source)");
        }
        else
        {
            DataUrl.Write(writer, "image_url", image.Source, "image/png");
        }

        // Required by the specification, but nobody's caller is refused for want of it.
        writer.WriteOptional("detail", image.Detail ?? (dialect == Dialect.OpenAiResponses ? null : "auto"));
        writer.WriteExtensions(image.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static void WriteAudio(Utf8JsonWriter writer, AudioPart audio, string place)
    {
        if (audio.Source.Base64 is not { } base64)
        {
            throw new UnsupportedException($"{place} (audio by reference)");
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_audio"u8);
        writer.WriteStartObject("input_audio"u8);
        writer.WriteString("data"u8, base64.Span);
        writer.WriteOptional("format", audio.Format ?? audio.Source.MediaType?[(audio.Source.MediaType.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        writer.WriteEndObject();
        writer.WriteExtensions(audio.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter writer, FilePart file, Dialect dialect, string place, DroppedParameters dropped)
    {
        if (file.Source.MediaType is { } type && (type.StartsWith("video/", StringComparison.Ordinal) || type.StartsWith("audio/", StringComparison.Ordinal)))
        {
            throw new UnsupportedException($"{place} ({type})");
        }

        // The title is the name of data without one; what is said of a document beside it has no member.
        var isNamed = file.FileName is null && (file.Source.Base64 ?? (object?)file.Source.Text) is not null;
        if (dialect != Dialect.OpenAiResponses && DocumentHead.Of(file, isTitleTold: isNamed && file.Content is null) is { } head)
        {
            WriteText(writer, head, null);
        }

        if (file.Citations == true)
        {
            dropped.Add($"{place}.citations");
        }

        if (file.Content is { } content)
        {
            WriteText(writer, Conversation.TextOf(content) ?? throw new UnsupportedException($"{place} (document of images)"), null);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_file"u8);
        var name = file.FileName ?? file.Title;
        switch (file.Source)
        {
            case { FileId: { } id }:
                writer.WriteString("file_id"u8, OwnFile(id, dialect, place));
                break;
            case { Text: { } text }:
                var base64 = Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));
                DataUrl.Write(writer, "file_data", new MediaSource { MediaType = file.Source.MediaType ?? "text/plain", Base64 = base64 }, "text/plain");
                name ??= "document.txt";
                break;
            case { Base64: { } bare, MediaType: null } when dialect == Dialect.OpenAiResponses:
                writer.WriteString("file_data"u8, bare.Span);
                break;
            case { Base64: not null }:
                DataUrl.Write(writer, "file_data", file.Source, "application/pdf");
                // Data needs a name: its ending tells the kind.
                name ??= dialect == Dialect.OpenAiResponses ? null : NameOf(file.Source.MediaType);
                break;
            case { Url: { } url }:
                writer.WriteString("file_url"u8, url);
                break;
            default:
                throw new UnsupportedException($"{place} (file without a source)");
        }

        // A name goes with data only: "file_url" and "file_id" have one of their own.
        if (file.FileName is not null || file.Source.Base64 is not null || file.Source.Text is not null)
        {
            writer.WriteOptional("filename", name);
        }

        writer.WriteExtensions(file.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static string NameOf(string? mediaType) => mediaType switch
    {
        "text/plain" => "document.txt",
        "text/html" => "document.html",
        "text/csv" => "document.csv",
        "text/markdown" => "document.md",
        "application/json" => "document.json",
        _ => "document.pdf",
    };

    /// <summary>A file that was uploaded to another provider is unknown to this one.</summary>
    private static string OwnFile(string id, Dialect dialect, string place) =>
        dialect is Dialect.OpenAiResponses or Dialect.OpenAiChat ? id : throw new UnsupportedException($"{place} (file id of another provider)");
}
