using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>Cohere's <c>POST /v2/chat</c> (recorded traffic; the types of npm cohere-ai 8.1.0).</summary>
/// <remarks>
/// A <c>tool_plan</c> is read as text: it is what the model says before it calls, as other models say it in their text, and the next turn
/// is the better for it; clients keep text, and throw thoughts away. The text of another dialect's turn with calls becomes one.
/// </remarks>
public sealed class CohereCodec : DialectCodec
{
    public static readonly CohereCodec Instance = new();

    private CohereCodec()
    {
    }

    public override Dialect Dialect => Dialect.Cohere;

    public override ChatRequest ReadRequest(JsonElement body) => OpenAiChatText.Check(() => CohereRequestReader.Read(body));

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        CohereRequestWriter.Write(request, context, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) =>
        OpenAiChatText.Check(() => CohereResponseReader.Read(body, fallbackId));

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        CohereResponseWriter.Write(response, context, writer);

    public override ChatError ReadError(int status, JsonElement? body) => OpenAiChatText.Check(() => CohereResponseReader.ReadError(status, body));

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => CohereResponseWriter.WriteError(error, writer);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new CohereStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new CohereStreamWriter(context);
}
