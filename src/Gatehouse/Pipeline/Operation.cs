namespace Gatehouse.Pipeline;

/// <summary>What a model call asks for.</summary>
/// <param name="Name">The <c>gen_ai.operation.name</c> of the OpenTelemetry GenAI conventions where there is one.</param>
/// <param name="Path">Below the provider's base URL; empty for a relayed path.</param>
internal sealed record Operation(string Name, string Path)
{
    public static readonly Operation Chat = new("chat", "/chat/completions") { HasStreamOptions = true };
    public static readonly Operation Completion = new("text_completion", "/completions") { HasStreamOptions = true };
    public static readonly Operation Embeddings = new("embeddings", "/embeddings");
    public static readonly Operation Moderation = new("moderation", "/moderations");
    public static readonly Operation ImageGeneration = new("image_generation", "/images/generations");
    public static readonly Operation ImageEdit = new("image_edit", "/images/edits");
    public static readonly Operation ImageVariation = new("image_variation", "/images/variations");
    public static readonly Operation Speech = new("speech", "/audio/speech") { AnswersInAnyFormat = true };
    public static readonly Operation Transcription = new("transcription", "/audio/transcriptions") { AnswersInAnyFormat = true };
    public static readonly Operation Translation = new("translation", "/audio/translations") { AnswersInAnyFormat = true };

    /// <summary>A session over a WebSocket.</summary>
    public static readonly Operation Realtime = new("realtime", "/realtime");

    /// <summary>A path of the provider's that the gateway passes on without knowing it.</summary>
    public static readonly Operation Relay = new("relay", "");

    /// <summary>Usage in its streams is asked for with <c>stream_options</c>.</summary>
    public bool HasStreamOptions { get; init; }

    /// <summary>A success need not be JSON: audio, plain text, subtitles.</summary>
    public bool AnswersInAnyFormat { get; init; }
}
