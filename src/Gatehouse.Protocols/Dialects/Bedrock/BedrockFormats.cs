namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Bedrock names formats by a word of its own (service model 2023-09-30: ImageFormat, DocumentFormat, VideoFormat, AudioFormat).</summary>
internal static class BedrockFormats
{
    private static readonly (string Format, string MediaType)[] Documents =
    [
        ("pdf", "application/pdf"), ("csv", "text/csv"), ("doc", "application/msword"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"), ("xls", "application/vnd.ms-excel"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), ("html", "text/html"), ("txt", "text/plain"),
        ("md", "text/markdown"),
    ];

    private static readonly (string Format, string MediaType)[] Videos =
    [
        ("mkv", "video/x-matroska"), ("mov", "video/quicktime"), ("mp4", "video/mp4"), ("webm", "video/webm"), ("flv", "video/x-flv"),
        ("mpeg", "video/mpeg"), ("mpg", "video/mpg"), ("wmv", "video/x-ms-wmv"), ("three_gp", "video/3gpp"),
    ];

    private static readonly string[] Audios =
    [
        "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm",
    ];

    private static readonly (string Format, string MediaType)[] Images =
    [
        ("png", "image/png"), ("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp"),
    ];

    /// <summary>The base64 of the bytes with which the formats begin, for images whose dialect does not tell their type.</summary>
    private static readonly (byte[] Head, string Format)[] ImageHeads =
    [
        ("iVBORw0KGgo"u8.ToArray(), "png"), ("/9j/"u8.ToArray(), "jpeg"), ("R0lGOD"u8.ToArray(), "gif"), ("UklGR"u8.ToArray(), "webp"),
    ];

    public static string? ImageMediaType(string? format) => MediaType(Images, format, "image/");

    public static string? DocumentMediaType(string? format) => MediaType(Documents, format, "application/");

    public static string? VideoMediaType(string? format) => MediaType(Videos, format, "video/");

    public static string AudioMediaType(string format) => format switch
    {
        "mp3" or "mpga" => "audio/mpeg",
        "x-aac" => "audio/aac",
        _ => $"audio/{format}",
    };

    /// <summary>Null for a type that Bedrock does not take.</summary>
    public static string? Image(string? mediaType, ReadOnlySpan<byte> base64)
    {
        if (mediaType is not null)
        {
            return mediaType == "image/jpg" ? "jpeg" : Format(Images, mediaType);
        }

        foreach (var (head, format) in ImageHeads)
        {
            if (base64.StartsWith(head))
            {
                return format;
            }
        }

        return null;
    }

    public static string? Video(string? mediaType) => mediaType is null ? null : Format(Videos, mediaType);

    /// <param name="format">As other dialects name it: <c>wav</c>, <c>mp3</c>, ...; null for not told.</param>
    /// <param name="mediaType">Where the format is not told.</param>
    public static string? Audio(string? format, string? mediaType)
    {
        if (format is not null)
        {
            return Array.IndexOf(Audios, format) >= 0 ? format : format == "pcm16" ? "pcm" : null;
        }

        return mediaType switch
        {
            null => null,
            "audio/mpeg" => "mp3",
            "audio/x-wav" or "audio/wave" or "audio/vnd.wave" => "wav",
            "audio/x-m4a" => "m4a",
            _ when mediaType.StartsWith("audio/", StringComparison.Ordinal) && Array.IndexOf(Audios, mediaType["audio/".Length..]) >= 0 =>
                mediaType["audio/".Length..],
            _ => null,
        };
    }

    /// <summary>By the type, or by the end of the name where the type says nothing. Other text is given as text.</summary>
    public static string? Document(string? mediaType, string? fileName)
    {
        if (mediaType is not (null or "application/octet-stream"))
        {
            return Format(Documents, mediaType) ?? (IsText(mediaType) ? "txt" : null);
        }

        return fileName is null ? null : DocumentExtension(fileName);
    }

    /// <summary>The format that the end of a file's name tells.</summary>
    public static string? DocumentExtension(string fileName)
    {
        var extension = fileName[(fileName.LastIndexOf('.') + 1)..];
        return Array.Find(Documents, d => d.Format.Equals(extension, StringComparison.OrdinalIgnoreCase)).Format
            ?? (extension.Equals("htm", StringComparison.OrdinalIgnoreCase) ? "html" : null);
    }

    private static bool IsText(string mediaType) =>
        mediaType.StartsWith("text/", StringComparison.Ordinal) || mediaType is "application/json" or "application/xml" or "application/yaml";

    private static string? MediaType((string Format, string MediaType)[] table, string? format, string prefix) =>
        format is null ? null : Array.Find(table, e => e.Format == format).MediaType ?? (format.Contains('/') ? format : prefix + format);

    private static string? Format((string Format, string MediaType)[] table, string mediaType) =>
        Array.Find(table, e => e.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)).Format;
}
