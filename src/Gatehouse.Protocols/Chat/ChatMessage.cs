namespace Gatehouse.Protocols.Chat;

/// <summary>One turn, or a piece of one: dialects differ in what they put together. <see cref="Conversation"/> brings turns into a target's form.</summary>
public sealed record ChatMessage(Role Role, IReadOnlyList<Part> Parts)
{
    /// <summary>The content was written as one string, and not as a list of parts.</summary>
    public bool IsPlainText { get; init; }

    /// <summary>Of the speaker (OpenAI).</summary>
    public string? Name { get; init; }

    /// <summary>OpenAI Responses gives items an id.</summary>
    public string? ItemId { get; init; }

    public CacheControl? CacheControl { get; init; }

    public Extensions? Extensions { get; init; }
}
