using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Amazon Bedrock's <c>Converse</c> and <c>ConverseStream</c> (service model 2023-09-30).</summary>
public sealed class BedrockCodec : DialectCodec
{
    public static readonly BedrockCodec Instance = new();

    private BedrockCodec()
    {
    }

    public override Dialect Dialect => Dialect.Bedrock;

    public override StreamFraming Framing => StreamFraming.AwsEventStream;

    public override ChatRequest ReadRequest(JsonElement body) => BedrockRequestReader.Read(body);

    public override void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer) =>
        BedrockRequestWriter.Write(request, context, writer);

    public override ChatResponse ReadResponse(JsonElement body, string fallbackId) => BedrockResponseReader.Read(body, fallbackId);

    public override void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer) =>
        BedrockResponseWriter.Write(response, writer);

    public override ChatError ReadError(int status, JsonElement? body) => BedrockResponseReader.ReadError(status, body);

    public override void WriteError(ChatError error, Utf8JsonWriter writer) => BedrockErrors.Write(writer, error, hasType: true);

    public override ChatStreamReader NewStreamReader(string fallbackId) => new BedrockStreamReader(fallbackId);

    public override ChatStreamWriter NewStreamWriter(AnswerContext context) => new BedrockStreamWriter();
}
