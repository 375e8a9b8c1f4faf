namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Anthropic and Bedrock have no form for "some JSON", as OpenAI's <c>json_object</c> is, which itself wants the instruction in the
/// conversation: the model is told in words, and nothing is dropped.
/// </summary>
internal static class JsonInstruction
{
    /// <summary>The line that the system text ends with; null where no JSON is asked for, or a schema says more.</summary>
    public static TextPart? Of(ChatRequest request) =>
        request.ResponseFormat?.Kind == ResponseFormatKind.JsonObject ? new TextPart("Answer with one JSON object and nothing else.") : null;
}
