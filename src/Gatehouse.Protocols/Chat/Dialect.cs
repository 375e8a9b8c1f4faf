namespace Gatehouse.Protocols.Chat;

/// <summary>A wire format of model calls.</summary>
public enum Dialect
{
    OpenAiChat,
    OpenAiResponses,
    Anthropic,
    Gemini,
    Bedrock,
    Cohere,
    Ollama,

    /// <summary>The OpenAI Chat format with Mistral's deviations.</summary>
    Mistral,
}
