namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Which media Anthropic takes (SDK 1.11.0: Base64ImageSource, Base64PDFSource, PlainTextSource).</summary>
internal static class AnthropicMediaType
{
    public static bool IsImage(string mediaType) => mediaType is "image/jpeg" or "image/png" or "image/gif" or "image/webp";

    /// <summary>Text of any kind can be given as a plain text.</summary>
    public static bool IsText(string mediaType) =>
        mediaType.StartsWith("text/", StringComparison.Ordinal)
        || mediaType is "application/json" or "application/xml" or "application/yaml" or "application/x-yaml" or "application/javascript";

    public static bool IsWebAddress(string url) =>
        url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The type as told, or else by the first bytes of the image.</summary>
    public static string OfImage(string? told, ReadOnlySpan<byte> base64)
    {
        if (told is not (null or "" or "image/jpg" or "image/*" or "application/octet-stream"))
        {
            return told;
        }

        // In base64: FF D8 FF; "GIF8"; "RIFF"; what is none of them may be a PNG.
        return base64.StartsWith("/9j/"u8) ? "image/jpeg"
            : base64.StartsWith("R0lG"u8) ? "image/gif"
            : base64.StartsWith("UklG"u8) ? "image/webp"
            : told == "image/jpg" ? "image/jpeg"
            : "image/png";
    }
}
