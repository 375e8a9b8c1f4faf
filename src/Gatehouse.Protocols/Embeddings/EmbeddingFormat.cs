namespace Gatehouse.Protocols.Embeddings;

/// <summary>A wire format in which a provider takes texts and answers vectors.</summary>
public enum EmbeddingFormat
{
    /// <summary><c>POST /embeddings</c>, as most providers speak it.</summary>
    OpenAi,

    /// <summary><c>POST /v2/embed</c>.</summary>
    Cohere,

    /// <summary><c>models/{model}:batchEmbedContents</c>.</summary>
    Gemini,

    /// <summary>The OpenAI format with an input type, and a usage that has a total only.</summary>
    Voyage,

    /// <summary>The OpenAI format with <c>output_dimension</c>.</summary>
    Mistral,

    /// <summary>Amazon's Titan models through Bedrock's InvokeModel: one text a call.</summary>
    BedrockTitan,

    /// <summary>Cohere's models through Bedrock's InvokeModel. The input is counted in the answer's header <c>x-amzn-bedrock-input-token-count</c> only.</summary>
    BedrockCohere,

    /// <summary><c>POST /api/embed</c>.</summary>
    Ollama,
}
