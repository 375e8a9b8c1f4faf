using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>OpenAI Responses: <c>POST /v1/responses</c>, as OpenAI, Azure, xAI, and others that take after it speak it.</summary>
public sealed class ResponsesCodec : DialectCodec
{
    public static readonly ResponsesCodec Instance = new();

    private ResponsesCodec()
    {
    }

    public override Dialect Dialect => Dialect.OpenAiResponses;

    public override ChatRequest ReadRequest(JsonElement body) => ResponsesRequestReader.Read(body);

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        ResponsesRequestWriter.Write(request, context, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) => ResponsesResponseReader.Read(body, fallbackId);

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        ResponsesResponseWriter.Write(response, context, writer);

    public override ChatError ReadError(int status, JsonElement? body) => ResponsesResponseReader.ReadError(status, body);

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => ResponsesResponseWriter.WriteError(error, writer);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new ResponsesStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new ResponsesStreamWriter(context);
}
