using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>
/// Ollama's own <c>POST /api/chat</c> (its OpenAPI description; recorded traffic, which knows more: <c>thinking</c>, <c>tool_name</c>, ids of
/// tool calls). Streams are lines of JSON, and the default.
/// </summary>
public sealed class OllamaCodec : DialectCodec
{
    public static readonly OllamaCodec Instance = new();

    private OllamaCodec()
    {
    }

    public override Dialect Dialect => Dialect.Ollama;

    public override StreamFraming Framing => StreamFraming.JsonLines;

    public override ChatRequest ReadRequest(JsonElement body) => OpenAiChatText.Check(() => OllamaRequestReader.Read(body));

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        OllamaRequestWriter.Write(request, context, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) =>
        OpenAiChatText.Check(() => OllamaResponseReader.Read(body, fallbackId));

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        OllamaResponseWriter.Write(response, context, writer);

    public override ChatError ReadError(int status, JsonElement? body) => OpenAiChatText.Check(() => OpenAiChatErrors.Read(status, body));

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => OllamaResponseWriter.WriteError(error, writer);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new OllamaStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new OllamaStreamWriter(context);
}
