using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Dialects.Mistral;

/// <summary>
/// Mistral's chat completions (its specification, August 2026): OpenAI's with deviations, which the readers and writers of that dialect
/// know by <see cref="Dialect.Mistral"/>. It refuses members that it does not know (<c>additionalProperties: false</c>).
/// </summary>
public sealed class MistralCodec : DialectCodec
{
    public static readonly MistralCodec Instance = new();

    public override Dialect Dialect => Dialect.Mistral;

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
