using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Anthropic Messages, <c>POST /v1/messages</c>, in the versions 2023-06-01 and 2026-10-21; the same bodies as Claude has them on Bedrock
/// (InvokeModel) and Vertex (rawPredict), by traits of the target: see <see cref="AnthropicRequestWriter"/>.
/// </summary>
public sealed class AnthropicCodec : DialectCodec
{
    public static readonly AnthropicCodec Instance = new();

    private AnthropicCodec()
    {
    }

    public override Dialect Dialect => Dialect.Anthropic;

    public override ChatRequest ReadRequest(JsonElement body) => AnthropicRequestReader.Read(body);

    /// <summary>The body of <c>POST /v1/messages/count_tokens</c>, which has no <c>max_tokens</c>.</summary>
    /// <exception cref="MalformedException">It is not a request of this dialect.</exception>
    public static ChatRequest ReadCountTokensRequest(JsonElement body) => AnthropicRequestReader.Read(body, countsTokens: true);

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        AnthropicRequestWriter.Write(request, context, writer);

    /// <summary>The body of <c>POST /v1/messages/count_tokens</c>.</summary>
    /// <exception cref="UnsupportedException">Anthropic cannot express something that changes the meaning.</exception>
    public static void WriteCountTokensRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        AnthropicRequestWriter.WriteCountTokens(request, context, writer);

    /// <summary>The answer to <c>POST /v1/messages/count_tokens</c>: <c>{"input_tokens": N}</c>.</summary>
    public static void WriteTokenCount(long inputTokens, Utf8JsonWriter writer) => AnthropicResponseWriter.WriteTokenCount(inputTokens, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) => AnthropicResponseReader.Read(body, fallbackId);

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        AnthropicResponseWriter.Write(response, context, writer);

    public override ChatError ReadError(int status, JsonElement? body) => AnthropicResponseReader.ReadError(status, body);

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => AnthropicResponseWriter.WriteError(error, writer);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new AnthropicStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new AnthropicStreamWriter(context);
}
