using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// A part of another dialect's answer, as one that Anthropic has a block for. Its messages hold neither sound nor images of the model's: a
/// sound becomes its transcript, and what cannot be said as text a line that says so, since an answer that has begun can no longer be
/// refused.
/// </summary>
internal static class AnthropicAnswerPart
{
    /// <returns>Null for a part of which the caller gets nothing: an empty text, or the record of a tool that the other provider ran.</returns>
    public static Part? Of(Part part) => part switch
    {
        // Callers send an answer back as they got it, and Anthropic refuses empty texts.
        TextPart { Text.Length: 0 } or RefusalPart { Text.Length: 0 } => null,
        TextPart text => text.Extensions is null ? text : text with { Extensions = null },
        RefusalPart refusal => new TextPart(refusal.Text),
        ReasoningPart { Text.Length: 0, Signature: null } => null,
        ToolCallPart call => AnthropicBlockWriter.WithFittingId(call),
        AudioPart { Transcript: { Length: > 0 } transcript } => new TextPart(transcript),
        AudioPart audio => new TextPart(Placeholder("audio", audio.Source.MediaType ?? audio.Format, audio.Source)),
        ImagePart image => new TextPart(Placeholder("image", image.Source.MediaType, image.Source)),
        FilePart file => new TextPart(Placeholder("file", file.Source.MediaType, file.Source)),
        OpaquePart opaque => opaque.Dialect == Dialect.Anthropic ? opaque : null,
        _ => part,
    };

    /// <summary>For example <c>[image: image/png, 1024 bytes, not expressible in this format]</c>.</summary>
    public static string Placeholder(string what, string? mediaType, MediaSource source)
    {
        var size = source.Base64 is { } base64 ? $"{BytesOf(base64.Span)} bytes" : source.Url ?? source.FileId ?? "of unknown size";
        return $"[{what}: {mediaType ?? "of unknown type"}, {size}, not expressible in this format]";
    }

    private static int BytesOf(ReadOnlySpan<byte> base64) => base64.TrimEnd((byte)'=').Length * 3 / 4;
}
