using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// <c>POST /model/{modelId}/count-tokens</c>. Its <c>modelId</c> is a foundation model's (FoundationModelVersionIdentifier: no ARN); models
/// that cannot count answer 400 "The provided model doesn't support counting tokens."
/// </summary>
public static class BedrockCountTokens
{
    /// <summary>Writes the body: <c>{"input": {"converse": {messages, system, toolConfig, additionalModelRequestFields}}}</c>.</summary>
    /// <exception cref="UnsupportedException">Bedrock cannot express something that changes the meaning.</exception>
    public static void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Bedrock);
        BlockHints.Check(request, Dialect.Bedrock, context.Dropped);
        writer.WriteStartObject();
        writer.WriteStartObject("input"u8);
        writer.WriteStartObject("converse"u8);
        _ = BedrockRequestWriter.WritePrompt(request, context, writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Tokens of input; null when the answer does not tell.</summary>
    /// <param name="body"><c>{"inputTokens": 11}</c></param>
    public static long? ReadAnswer(JsonElement body) => body.Count("inputTokens");
}
