using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Writes the parts of a request's content.</summary>
internal static class OpenAiChatContentWriter
{
    /// <summary>Writes a list of parts as the value of a member.</summary>
    /// <param name="writer">In a message.</param>
    /// <param name="parts">None but those that have a place in a content.</param>
    /// <param name="field">For messages about what is not supported.</param>
    /// <param name="request">Where the parts come from.</param>
    /// <param name="context">The target.</param>
    /// <param name="dialect">The writer's.</param>
    public static void WriteParts(
        Utf8JsonWriter writer, IReadOnlyList<Part> parts, string field, ChatRequest request, RequestContext context, Dialect dialect)
    {
        writer.WriteStartArray("content");
        for (var i = 0; i < parts.Count; i++)
        {
            if (request.Dialect != dialect && parts[i] is FilePart file && HeadOf(file) is { } head)
            {
                WritePart(writer, new TextPart(head), $"{field}[{i}]", request, context, dialect);
            }

            WritePart(writer, parts[i], $"{field}[{i}]", request, context, dialect);
        }

        writer.WriteEndArray();
    }

    /// <summary>Only who has been told of it by its caller, or by a rule, is asked to cache: others refuse members that they do not know.</summary>
    public static void WriteCacheControl(Utf8JsonWriter writer, CacheControl? control, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (control is null)
        {
            return;
        }

        if (request.Dialect != dialect && !context.Rules.Has("cache_control"))
        {
            context.Dropped.Add("cache_control");
            return;
        }

        writer.WriteStartObject("cache_control");
        writer.WriteString("type", "ephemeral");
        if (control.HasTimeToLive)
        {
            writer.WriteString("ttl", control.OneHour ? "1h" : "5m");
        }

        writer.WriteExtensions(control.Extensions, dialect);
        writer.WriteEndObject();
    }

    public static void WriteImage(Utf8JsonWriter writer, ImagePart image, string field, ChatRequest request, Dialect dialect)
    {
        if (image.Source is { Base64: null, Url: null } || (request.Dialect != dialect && image.Source.Url is { } url && !IsWeb(url)))
        {
            throw new UnsupportedException($"{field} (image by {(image.Source.FileId is null ? "another address than http" : "file id")})");
        }

        writer.WriteString("type", "image_url");
        writer.WriteStartObject("image_url");
        DataUrl.Write(writer, "url", image.Source, "image/png");
        writer.WriteOptional("detail", image.Detail);
        writer.WriteEndObject();
    }

    /// <summary>A document of plain text is written together with what is said of it, and a title stands for a name that is missing.</summary>
    private static string? HeadOf(FilePart file) =>
        file.Source.Text is not null || (file.Content is { } content && Conversation.TextOf(content) is not null)
            ? null
            : DocumentHead.Of(file, isTitleTold: file.FileName is null && file.Source.FileId is null);

    private static void WritePart(Utf8JsonWriter writer, Part part, string field, ChatRequest request, RequestContext context, Dialect dialect)
    {
        context.Dropped.Add(part.Extensions, dialect, $"{field}.");
        if (part is OpaquePart opaque)
        {
            if (opaque.Dialect != dialect)
            {
                throw new UnsupportedException($"{field} ({opaque.Type})");
            }

            writer.WriteElement(opaque.Value);
            return;
        }

        writer.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                writer.WriteString("type", "text");
                writer.WriteString("text", text.Text);
                break;
            case RefusalPart refusal when dialect == Dialect.OpenAiChat:
                writer.WriteString("type", "refusal");
                writer.WriteString("refusal", refusal.Text);
                break;
            case RefusalPart refusal:
                writer.WriteString("type", "text");
                writer.WriteString("text", refusal.Text);
                break;
            case ReasoningPart reasoning:
                WriteThinking(writer, reasoning);
                break;
            case ImagePart image:
                WriteImage(writer, image, field, request, dialect);
                break;
            case AudioPart audio:
                WriteAudio(writer, audio, field, dialect);
                break;
            case FilePart file:
                WriteFile(writer, file, field, request, context, dialect);
                break;
            default:
                throw new UnsupportedException($"{field} ({part.GetType().Name})");
        }

        WriteCacheControl(writer, part.CacheControl, request, context, dialect);
        writer.WriteExtensions(part.Extensions, dialect);
        writer.WriteEndObject();
    }

    /// <summary>Mistral's chunk: a list of texts within.</summary>
    public static void WriteThinking(Utf8JsonWriter writer, ReasoningPart reasoning)
    {
        writer.WriteString("type", "thinking");
        writer.WriteStartArray("thinking");
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", reasoning.Text);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteAudio(Utf8JsonWriter writer, AudioPart audio, string field, Dialect dialect)
    {
        writer.WriteString("type", "input_audio");
        if (dialect == Dialect.Mistral && audio.Format is null)
        {
            WriteAudioText(writer, "input_audio", audio, field);
            return;
        }

        if (audio.Source.Base64 is null)
        {
            throw new UnsupportedException($"{field} (audio by URL or file id)");
        }

        writer.WriteStartObject("input_audio");
        WriteAudioText(writer, "data", audio, field);
        // OpenAI's specification: wav and mp3; "audio/mpeg" is mp3's name.
        var format = audio.Format ?? audio.Source.MediaType?.Split('/', ';')[^1] switch { "mpeg" => "mp3", "x-wav" or "wave" => "wav", var subtype => subtype };
        writer.WriteOptional("format", format);
        writer.WriteEndObject();
    }

    private static void WriteAudioText(Utf8JsonWriter writer, string name, AudioPart audio, string field)
    {
        if (audio.Source.Base64 is { } base64)
        {
            writer.WriteString(name, base64.Span);
        }
        else
        {
            writer.WriteString(name, audio.Source.Url ?? throw new UnsupportedException($"{field} (audio by file id)"));
        }
    }

    private static void WriteFile(Utf8JsonWriter writer, FilePart file, string field, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (file.Citations == true)
        {
            context.Dropped.Add($"{field}.citations");
        }

        var isOwn = request.Dialect == dialect;
        if (file.Source.Text is { } text || (file.Content is { } content && (text = Conversation.TextOf(content)) is not null))
        {
            // A document of plain text says the same as text.
            writer.WriteString("type", "text");
            writer.WriteString("text", string.Join('\n', new[] { file.Title ?? file.FileName, file.Context, text }.Where(line => line is not null)));
            return;
        }

        if (file.Source.FileId is { } id)
        {
            // OpenAI's two dialects share one store of files.
            if (!isOwn && !(dialect == Dialect.OpenAiChat && request.Dialect == Dialect.OpenAiResponses))
            {
                throw new UnsupportedException($"{field} (file by id)");
            }

            writer.WriteString("type", "file");
            if (dialect == Dialect.Mistral)
            {
                writer.WriteString("file_id", id);
                return;
            }

            writer.WriteStartObject("file");
            writer.WriteString("file_id", id);
            writer.WriteOptional("filename", file.FileName);
            writer.WriteEndObject();
            return;
        }

        if (file.Source is { Base64: null, Url: null })
        {
            throw new UnsupportedException($"{field} (file without content)");
        }

        if (file.Source.MediaType?.StartsWith("video/", StringComparison.Ordinal) == true)
        {
            if (dialect == Dialect.Mistral || (!isOwn && !context.Rules.Has("video_url")))
            {
                throw new UnsupportedException($"{field} (video)");
            }

            writer.WriteString("type", "video_url");
            writer.WriteStartObject("video_url");
            DataUrl.Write(writer, "url", file.Source, "video/mp4");
            writer.WriteEndObject();
            return;
        }

        if (dialect == Dialect.Mistral)
        {
            writer.WriteString("type", "document_url");
            DataUrl.Write(writer, "document_url", file.Source, "application/pdf");
            writer.WriteOptional("document_name", file.FileName ?? file.Title);
            return;
        }

        // OpenAI takes bytes only; OpenRouter also addresses.
        if (file.Source.Base64 is null && !isOwn && !context.Rules.Has("file_url"))
        {
            throw new UnsupportedException($"{field} (file by URL)");
        }

        writer.WriteString("type", "file");
        writer.WriteStartObject("file");
        DataUrl.Write(writer, "file_data", file.Source, "application/pdf");
        writer.WriteOptional("filename", file.FileName ?? (isOwn ? null : file.Title ?? "document.pdf"));
        writer.WriteEndObject();
    }

    private static bool IsWeb(string url) =>
        url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || url.StartsWith("data:", StringComparison.OrdinalIgnoreCase);
}
