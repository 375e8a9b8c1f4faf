namespace Gatehouse.Protocols.Chat;

/// <summary>What is learned of an answer while it passes: from one JSON body, or chunk by chunk from a stream.</summary>
public abstract class AnswerFacts
{
    /// <summary>Top-level members of an answer that <see cref="Read"/> looks at; all others can be skipped.</summary>
    public abstract IReadOnlyList<string> Members { get; }

    public Usage? Usage { get; protected set; }

    public string? Id { get; protected set; }

    public string? Model { get; protected set; }

    public string? FinishReason { get; protected set; }

    /// <summary>The tier it was served in, as the provider tells it; prices depend on it.</summary>
    public string? ServiceTier { get; protected set; }

    /// <summary>Every choice that was begun has been given its reason to stop.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>The stream has typed events, of which one is the last (the Responses API, Anthropic): without it, it is not whole.</summary>
    public bool HasLastEvent { get; protected set; }

    /// <summary>The provider's own words about a failure inside a 200 answer.</summary>
    public string? ErrorMessage { get; protected set; }

    /// <summary>UTF-8 bytes of generated text that passed, over all choices: what was delivered when no usage was reported.</summary>
    public long TextBytes { get; protected set; }

    /// <summary>Something came that a caller would read or hear, or a tool call; a role, an id or a ping is nothing.</summary>
    public bool HasContent { get => field || TextBytes > 0; protected set; }

    /// <summary>Reads one JSON text. False when it is not valid JSON.</summary>
    public abstract bool Read(ReadOnlySpan<byte> json, out ChunkTraits traits);
}
