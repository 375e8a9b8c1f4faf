using System.Text;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>A message of another dialect, in parts that Anthropic has blocks for.</summary>
/// <param name="place">Where it stands, for errors: <c>messages[2]</c>.</param>
/// <param name="dropped">Takes what is lost.</param>
internal sealed class AnthropicForeignMessage(string place, DroppedParameters dropped)
{
    public ChatMessage Read(ChatMessage message)
    {
        dropped.Add(message.Extensions, Dialect.Anthropic, $"{place}.");
        if (message.Name is not null)
        {
            dropped.Add($"{place}.name");
        }

        var parts = new List<Part>(message.Parts.Count);
        for (var i = 0; i < message.Parts.Count; i++)
        {
            if (Read(message.Parts[i], $"{place}.content[{i}]") is { } part)
            {
                parts.Add(part);
            }
        }

        if (message.CacheControl is { } control && parts.Count > 0 && parts[^1] is not ReasoningPart)
        {
            parts[^1] = parts[^1] with { CacheControl = parts[^1].CacheControl ?? control };
        }

        return message with { Parts = parts, CacheControl = null, Extensions = null };
    }

    /// <returns>Null for a part that is left out.</returns>
    private Part? Read(Part part, string at)
    {
        if (part is OpaquePart opaque)
        {
            throw new UnsupportedException($"{at} ({opaque.Type})");
        }

        // Of calls, results and thoughts: ids and states of items, which say nothing to the model.
        if (part is not (ToolCallPart or ToolResultPart or ReasoningPart))
        {
            dropped.Add(part.Extensions, Dialect.Anthropic, $"{at}.");
        }

        return part switch
        {
            // "text content blocks must contain non-whitespace text" (its 400).
            TextPart text => string.IsNullOrWhiteSpace(text.Text) ? null : text,
            RefusalPart refusal => string.IsNullOrWhiteSpace(refusal.Text) ? null : new TextPart(refusal.Text) { CacheControl = refusal.CacheControl },
            ReasoningPart { Signature.Maker: Dialect.Anthropic } => part,
            ReasoningPart => Drop("reasoning"),
            ImagePart image => ReadImage(image, at),
            FilePart file => ReadFile(file, at),
            AudioPart { Transcript: { Length: > 0 } transcript } => new TextPart(transcript) { CacheControl = part.CacheControl },
            AudioPart => throw new UnsupportedException($"{at} (audio)"),
            ToolResultPart result => ReadResult(result, at),
            _ => part,
        };
    }

    private Part? Drop(string name)
    {
        dropped.Add(name);
        return null;
    }

    private ToolResultPart ReadResult(ToolResultPart result, string at)
    {
        var content = new List<Part>(result.Content.Count);
        for (var i = 0; i < result.Content.Count; i++)
        {
            if (Read(result.Content[i], $"{at}.content[{i}]") is { } part)
            {
                content.Add(part);
            }
        }

        return result with { Content = content };
    }

    private ImagePart ReadImage(ImagePart image, string at)
    {
        if (image.Detail is not (null or "auto"))
        {
            dropped.Add($"{at}.detail");
        }

        var source = CheckSource(image.Source, at, "image");
        if (source.Base64 is { } base64 && AnthropicMediaType.OfImage(source.MediaType, base64.Span) is var mediaType)
        {
            return AnthropicMediaType.IsImage(mediaType)
                ? image with { Source = source with { MediaType = mediaType } }
                : throw new UnsupportedException($"{at} ({mediaType})");
        }

        return image;
    }

    private static Part ReadFile(FilePart file, string at)
    {
        if (file.Content is not null || file.Source.Text is not null)
        {
            return file;
        }

        var source = CheckSource(file.Source, at, "file");
        var mediaType = source.MediaType;
        if (mediaType is not null && AnthropicMediaType.IsImage(mediaType))
        {
            return new ImagePart(source) { CacheControl = file.CacheControl };
        }

        if (source.Base64 is { } base64)
        {
            if (mediaType is null or "application/pdf" or "application/octet-stream")
            {
                return file with { Source = source with { MediaType = "application/pdf" } };
            }

            return AnthropicMediaType.IsText(mediaType) && Decode(base64) is { } text
                ? file with { Source = new MediaSource { MediaType = "text/plain", Text = text } }
                : throw new UnsupportedException($"{at} ({mediaType})");
        }

        return mediaType is null or "application/pdf" ? file : throw new UnsupportedException($"{at} ({mediaType} by its URL)");
    }

    private static MediaSource CheckSource(MediaSource source, string at, string what)
    {
        if (source.FileId is not null)
        {
            throw new UnsupportedException($"{at} ({what} by its id)");
        }

        return source.Base64 is not null || (source.Url is { } url && AnthropicMediaType.IsWebAddress(url))
            ? source
            : throw new UnsupportedException($"{at} ({what} that is neither base64 nor an http(s) URL)");
    }

    private static string? Decode(ReadOnlyMemory<byte> base64)
    {
        var bytes = new byte[System.Buffers.Text.Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return System.Buffers.Text.Base64.DecodeFromUtf8(base64.Span, bytes, out _, out var written) == System.Buffers.OperationStatus.Done
            ? Encoding.UTF8.GetString(bytes, 0, written)
            : null;
    }
}
