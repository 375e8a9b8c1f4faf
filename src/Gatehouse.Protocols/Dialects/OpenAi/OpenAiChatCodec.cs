using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// OpenAI's chat completions, in the forms of all those who follow it (OpenAI's specification 2.3.0; recorded traffic of 28 providers).
/// </summary>
public sealed class OpenAiChatCodec : DialectCodec
{
    public static readonly OpenAiChatCodec Instance = new();

    public override Dialect Dialect => Dialect.OpenAiChat;

    public override ChatRequest ReadRequest(JsonElement body) => OpenAiChatText.Check(() => OpenAiChatRequestReader.Read(body, Dialect));

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        OpenAiChatRequestWriter.Write(request, context, writer, Dialect);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) =>
        OpenAiChatText.Check(() => OpenAiChatResponseReader.Read(body, fallbackId, Dialect));

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        OpenAiChatResponseWriter.Write(response, context, writer, Dialect);

    public override ChatError ReadError(int status, JsonElement? body) => OpenAiChatText.Check(() => OpenAiChatErrors.Read(status, body));

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => OpenAiChatErrors.Write(error, writer, Dialect);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new OpenAiChatStreamReader(fallbackId, Dialect);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new OpenAiChatStreamWriter(context, Dialect);
}
