using Gatehouse.Protocols.Chat;

namespace Gatehouse.Pipeline;

/// <summary>What a model call asks for.</summary>
/// <param name="Name">The <c>gen_ai.operation.name</c> of the OpenTelemetry GenAI conventions where there is one.</param>
/// <param name="Path">Below the provider's base URL; empty where it depends on more than the operation.</param>
/// <param name="Dialect">In which the caller speaks, and wants its answers and errors.</param>
internal sealed record Operation(string Name, string Path, Dialect Dialect)
{
    public static readonly Operation Chat = new("chat", "/chat/completions", Dialect.OpenAiChat) { IsChat = true, HasStreamOptions = true };
    public static readonly Operation Responses = new("chat", "/responses", Dialect.OpenAiResponses) { IsChat = true };
    public static readonly Operation Messages = new("chat", "/v1/messages", Dialect.Anthropic) { IsChat = true };
    public static readonly Operation GenerateContent = new("chat", "", Dialect.Gemini) { IsChat = true };
    public static readonly Operation CountMessageTokens = new("count_tokens", "/v1/messages/count_tokens", Dialect.Anthropic) { CountsTokens = true };
    public static readonly Operation CountResponseTokens = new("count_tokens", "/responses/input_tokens", Dialect.OpenAiResponses) { CountsTokens = true };
    public static readonly Operation CountContentTokens = new("count_tokens", "", Dialect.Gemini) { CountsTokens = true };
    public static readonly Operation Completion = new("text_completion", "/completions", Dialect.OpenAiChat) { HasStreamOptions = true };
    public static readonly Operation Embeddings = new("embeddings", "/embeddings", Dialect.OpenAiChat) { IsEmbedding = true };
    public static readonly Operation EmbedContent = new("embeddings", "", Dialect.Gemini) { IsEmbedding = true };
    public static readonly Operation BatchEmbedContents = new("embeddings", ":batch", Dialect.Gemini) { IsEmbedding = true };
    public static readonly Operation Rerank = new("rerank", "/rerank", Dialect.OpenAiChat);
    public static readonly Operation Moderation = new("moderation", "/moderations", Dialect.OpenAiChat);
    public static readonly Operation ImageGeneration = new("image_generation", "/images/generations", Dialect.OpenAiChat);
    public static readonly Operation ImageEdit = new("image_edit", "/images/edits", Dialect.OpenAiChat);
    public static readonly Operation ImageVariation = new("image_variation", "/images/variations", Dialect.OpenAiChat);
    public static readonly Operation Speech = new("speech", "/audio/speech", Dialect.OpenAiChat) { AnswersInAnyFormat = true };
    public static readonly Operation Transcription = new("transcription", "/audio/transcriptions", Dialect.OpenAiChat) { AnswersInAnyFormat = true };
    public static readonly Operation Translation = new("translation", "/audio/translations", Dialect.OpenAiChat) { AnswersInAnyFormat = true };

    /// <summary>A session over a WebSocket.</summary>
    public static readonly Operation Realtime = new("realtime", "/realtime", Dialect.OpenAiChat);

    /// <summary>A path of the provider's that the gateway passes on without knowing it.</summary>
    public static readonly Operation Relay = new("relay", "", Dialect.OpenAiChat) { IsRelay = true };

    /// <summary>As <see cref="Relay"/>, for paths of Anthropic's.</summary>
    public static readonly Operation RelayAnthropic = new("relay", "", Dialect.Anthropic) { IsRelay = true };

    /// <summary>A conversation that can be put into any dialect.</summary>
    public bool IsChat { get; private init; }

    /// <summary>Vectors of texts.</summary>
    public bool IsEmbedding { get; private init; }

    /// <summary>How long a conversation is; nothing is generated.</summary>
    public bool CountsTokens { get; private init; }

    /// <summary>A stream reports usage only where <c>stream_options</c> asks for it.</summary>
    public bool HasStreamOptions { get; private init; }

    public bool IsRelay { get; private init; }

    /// <summary>Pictures or sounds, made or read: the request says little of what it costs.</summary>
    public bool MakesMedia => this == ImageGeneration || this == ImageEdit || this == ImageVariation || this == Speech || this == Transcription || this == Translation || this == Realtime;

    /// <summary>To ask two targets at once does no more than cost more.</summary>
    public bool MayBeAskedTwice => !IsRelay && this != Realtime;

    /// <summary>A success need not be JSON: audio, plain text, subtitles.</summary>
    public bool AnswersInAnyFormat { get; private init; }
}
