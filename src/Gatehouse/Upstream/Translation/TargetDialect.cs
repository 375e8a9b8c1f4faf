using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Embeddings;

namespace Gatehouse.Upstream.Translation;

/// <summary>In which dialect a target is spoken to.</summary>
internal static class TargetDialect
{
    private const string Responses = "responses";

    /// <summary>In which dialect a target counts tokens; null when it cannot.</summary>
    public static Dialect? OfCount(Target target, Dialect caller) => Of(target, caller) switch
    {
        var dialect and (Dialect.Anthropic or Dialect.Gemini or Dialect.Bedrock) => dialect,
        _ => target.Provider.Entry.Kind == "openai" ? Dialect.OpenAiResponses : null,
    };

    /// <summary>The dialect of the errors that come with embeddings.</summary>
    public static Dialect ErrorsOf(EmbeddingFormat format) => format switch
    {
        EmbeddingFormat.Cohere => Dialect.Cohere,
        EmbeddingFormat.Gemini => Dialect.Gemini,
        EmbeddingFormat.BedrockTitan or EmbeddingFormat.BedrockCohere => Dialect.Bedrock,
        EmbeddingFormat.Ollama => Dialect.Ollama,
        EmbeddingFormat.Mistral => Dialect.Mistral,
        _ => Dialect.OpenAiChat,
    };

    /// <param name="target">Where the call goes.</param>
    /// <param name="caller">The caller's dialect: a target that speaks it too is spoken to in it, and nothing is translated.</param>
    public static Dialect Of(Target target, Dialect caller)
    {
        var entry = target.Provider.Entry;
        switch (target.Provider.Dialect)
        {
            case ProviderDialect.Anthropic:
                return Dialect.Anthropic;
            case ProviderDialect.Gemini:
                return Dialect.Gemini;
            case ProviderDialect.Vertex:
                return target.Model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? Dialect.Anthropic : Dialect.Gemini;
            case ProviderDialect.Bedrock:
                return Dialect.Bedrock;
            case ProviderDialect.Cohere:
                return Dialect.Cohere;
            case ProviderDialect.Ollama:
                return Dialect.Ollama;
        }

        if (entry.HasQuirk(ProviderEntry.MistralFormat))
        {
            return Dialect.Mistral;
        }

        var takesResponses = entry.Endpoints.Contains(Responses, StringComparer.Ordinal);
        return takesResponses && (caller == Dialect.OpenAiResponses || TargetRulesTable.Of(target).Has(TargetRulesTable.ResponsesOnly))
            ? Dialect.OpenAiResponses
            : Dialect.OpenAiChat;
    }
}
