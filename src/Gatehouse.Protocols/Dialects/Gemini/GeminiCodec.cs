using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Gemini's generateContent, streamGenerateContent and countTokens, of the Gemini API and of Vertex AI. Rules (traits) that it knows:
/// <list type="bullet">
/// <item><c>parameters_json_schema</c>: tools are sent as <c>parametersJsonSchema</c> instead of being reduced to Google's own schema form.</item>
/// <item><c>response_schema</c>: the answer's schema is reduced and sent as <c>responseSchema</c> instead of <c>responseJsonSchema</c>.</item>
/// <item><c>function_call_ids</c>: ids of calls are sent (the Gemini API; Vertex AI has refused them). <c>no_function_call_ids</c>: not even
/// those that a caller of this dialect wrote.</item>
/// <item><c>function_response_media</c>: images and files stand within a function's result (Gemini 3), not behind it.</item>
/// <item><c>thought_signatures</c>: calls without Google's signature get the documented stand-in for it (Gemini 3).</item>
/// <item><c>thinking_level</c>: thinking is told as a level (Gemini 3), not as a budget. <c>thinking_minimal</c>: there is a level MINIMAL
/// too. <c>thinking_required</c>: a budget of 0 is refused (Gemini 2.5 Pro).</item>
/// <item><c>labels</c>: it takes labels (Vertex AI).</item>
/// </list>
/// </summary>
public sealed class GeminiCodec : DialectCodec
{
    public static readonly GeminiCodec Instance = new();

    private GeminiCodec()
    {
    }

    public override Dialect Dialect => Dialect.Gemini;

    public override ChatRequest ReadRequest(JsonElement body) => GeminiRequestReader.Read(body);

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        GeminiRequestWriter.Write(request, context, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) => GeminiResponseReader.Read(body, fallbackId);

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        GeminiResponseWriter.Write(response, context, writer);

    public override ChatError ReadError(int status, JsonElement? body) => GeminiResponseReader.ReadError(status, body);

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => GeminiResponseWriter.WriteError(error, writer);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new GeminiStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new GeminiStreamWriter(context);
}
