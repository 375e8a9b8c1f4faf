namespace Gatehouse.Protocols.Rerank;

/// <summary>A wire format in which a provider orders documents by their relevance to a query.</summary>
public enum RerankFormat
{
    /// <summary>Cohere's v2.</summary>
    Cohere,

    Voyage,

    /// <summary>Jina's, which llama.cpp, vLLM, Together and others speak too.</summary>
    Jina,

    /// <summary>Cohere's models through Bedrock's InvokeModel: the model stands in the path, and no usage is answered.</summary>
    BedrockCohere,
}
