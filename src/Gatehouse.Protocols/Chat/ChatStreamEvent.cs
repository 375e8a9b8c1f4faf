using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>
/// A piece of an answer as it is made. Events of a stream come in this order: <see cref="AnswerStarted"/> once; then for every part
/// <see cref="PartStarted"/>, its deltas, <see cref="PartEnded"/>; <see cref="ChoiceStopped"/> for every choice; <see cref="UsageReported"/>
/// whenever usage becomes known; <see cref="AnswerEnded"/> once, last. Parts of a choice may overlap (OpenAI's tool calls can): see
/// <see cref="PartSequencer"/>. A stream that fails says <see cref="AnswerFailed"/> and nothing more.
/// </summary>
public abstract record ChatStreamEvent;

public sealed record AnswerStarted(string? Id, string? Model) : ChatStreamEvent
{
    /// <summary>Whose <see cref="Id"/> it is, where the reader tells: a writer of the same dialect keeps it.</summary>
    public Dialect? Dialect { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? Created { get; init; }

    public string? ServiceTier { get; init; }

    /// <summary>
    /// The input, where the dialect counts it before the answer (Anthropic); <see cref="UsageReported"/> says it too. A writer whose first
    /// frame tells the input needs not wait.
    /// </summary>
    public Usage? Usage { get; init; }

    /// <summary>Of the answer.</summary>
    public Extensions? Extensions { get; init; }
}

/// <summary>A part begins.</summary>
/// <param name="Choice">Which answer it belongs to.</param>
/// <param name="Part">Counted from 0 over the whole stream.</param>
/// <param name="Content">
/// What is known of it: text, refusal and reasoning are empty; a tool call has its id and name and no arguments; a part that comes whole
/// (image, audio, an opaque one) is whole, and only its end follows.
/// </param>
public sealed record PartStarted(int Choice, int Part, Part Content) : ChatStreamEvent;

/// <summary>More of the text of a text, refusal or reasoning part, or more of the arguments of a tool call.</summary>
public sealed record PartDelta(int Part, string Text) : ChatStreamEvent
{
    /// <summary>OpenAI's <c>logprobs</c> of this piece.</summary>
    public JsonElement? Logprobs { get; init; }
}

/// <summary>The part is signed, at any time before its end.</summary>
public sealed record PartSigned(int Part, Signature Signature) : ChatStreamEvent;

/// <summary>The text is given a source.</summary>
public sealed record PartCited(int Part, Citation Citation) : ChatStreamEvent;

/// <summary>More of a sound: base64.</summary>
public sealed record AudioDelta(int Part, string? Base64, string? Transcript) : ChatStreamEvent
{
    public string? Id { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? ExpiresAt { get; init; }
}

public sealed record PartEnded(int Part) : ChatStreamEvent;

/// <summary>An answer is complete, but for usage.</summary>
public sealed record ChoiceStopped(int Choice, Stop Stop) : ChatStreamEvent
{
    /// <summary>Of the answer: what is known of it only at its end.</summary>
    public Extensions? Extensions { get; init; }
}

/// <summary>Usage so far; a later one replaces it as <see cref="Usage.UpdatedBy"/> says.</summary>
public sealed record UsageReported(Usage Usage) : ChatStreamEvent;

/// <summary>All was said.</summary>
public sealed record AnswerEnded : ChatStreamEvent
{
    public static readonly AnswerEnded Instance = new();
}

/// <summary>The provider broke off, with a reason.</summary>
public sealed record AnswerFailed(ChatError Error) : ChatStreamEvent;
