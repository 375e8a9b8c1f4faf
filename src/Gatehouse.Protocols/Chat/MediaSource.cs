namespace Gatehouse.Protocols.Chat;

/// <summary>The bytes of an image, a sound or a file, or where they are. One of the four is set.</summary>
public sealed record MediaSource
{
    /// <summary>For example <c>image/png</c>; null when the dialect does not tell it.</summary>
    public string? MediaType { get; init; }

    /// <summary>Base64 as UTF-8 text, never decoded on its way.</summary>
    public ReadOnlyMemory<byte>? Base64 { get; init; }

    public string? Url { get; init; }

    /// <summary>The provider's own name of a file that was uploaded before.</summary>
    public string? FileId { get; init; }

    /// <summary>Plain text, for documents.</summary>
    public string? Text { get; init; }
}
