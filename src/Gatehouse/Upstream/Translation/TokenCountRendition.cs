using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// A count of the tokens of a conversation, by a target of another dialect that can count: Anthropic, Gemini, Bedrock, OpenAI's Responses
/// API. The target's dialect is that in which it would be asked to answer the conversation.
/// </summary>
internal sealed class TokenCountRendition : Rendition
{
    private readonly Dialect _dialect;

    private TokenCountRendition(Dialect dialect, ReadOnlyMemory<byte> body) => (_dialect, Body) = (dialect, body);

    public override ReadOnlyMemory<byte> Body { get; }

    public static (Rendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target)
    {
        var caller = exchange.Operation.Dialect;
        var dialect = TargetDialect.OfCount(target, caller);
        if (dialect == caller)
        {
            return default;
        }

        if (dialect is null)
        {
            return (null, new GatewayError(
                GatewayErrorCode.UnsupportedFeature, $"{target.Name} cannot count tokens: {target.Provider.Entry.Title} has no such call."));
        }

        var (chat, error) = ChatRendition.Of(exchange, target, dialect.Value, isRequestOnly: false);
        return chat is null ? (null, error) : (new TokenCountRendition(dialect.Value, Wrapped(chat.Body, dialect.Value, target.Model)), null);
    }

    public override Uri UriFor(Target target) => _dialect switch
    {
        Dialect.Anthropic => UpstreamPaths.OfAnthropic(target, Operation.CountMessageTokens.Path),
        Dialect.Gemini => UpstreamPaths.OfGemini(target, ":countTokens"),
        Dialect.Bedrock => UpstreamPaths.OfBedrock(target, "/count-tokens"),
        _ => target.Provider.UriOf("/responses/input_tokens", target.Model),
    };

    public override HeldAnswer AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        exchange.Facts = new CodecAnswerFacts(Codecs.Of(_dialect), isStream: false);
        return new Answer(response, lifetime, _dialect);
    }

    /// <summary>The conversation as the counting call wants it: without what only generation needs.</summary>
    private static ReadOnlyMemory<byte> Wrapped(ReadOnlyMemory<byte> body, Dialect dialect, string model)
    {
        var output = new ArrayBufferWriter<byte>(body.Length + 64);
        using var document = JsonDocument.Parse(body, JsonWriting.ReadOptions);
        using var writer = new Utf8JsonWriter(output, JsonWriting.Options);
        switch (dialect)
        {
            case Dialect.Gemini:
                writer.WriteStartObject();
                writer.WriteStartObject("generateContentRequest"u8);
                writer.WriteString("model"u8, $"models/{model}");
                WriteMembers(writer, document.RootElement);
                writer.WriteEndObject();
                writer.WriteEndObject();
                break;
            case Dialect.Bedrock:
                writer.WriteStartObject();
                writer.WriteStartObject("input"u8);
                writer.WriteStartObject("converse"u8);
                WriteMembers(writer, document.RootElement, "messages", "system", "toolConfig", "additionalModelRequestFields");
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteEndObject();
                break;
            case Dialect.Anthropic:
                writer.WriteStartObject();
                WriteMembers(writer, document.RootElement, "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config");
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStartObject();
                WriteMembers(writer, document.RootElement, "model", "input", "instructions", "tools", "tool_choice", "reasoning", "text", "parallel_tool_calls");
                writer.WriteEndObject();
                break;
        }

        writer.Flush();
        return output.WrittenMemory;
    }

    private static void WriteMembers(Utf8JsonWriter writer, JsonElement from, params ReadOnlySpan<string> names)
    {
        foreach (var member in from.EnumerateObject())
        {
            if (names.IsEmpty || names.Contains(member.Name))
            {
                member.WriteTo(writer);
            }
        }
    }

    private sealed class Answer(HttpResponseMessage response, CallLifetime lifetime, Dialect dialect) : ConvertedBody(response, lifetime, Codecs.Of(dialect))
    {
        private readonly HttpResponseMessage _response = response;

        protected override ValueTask<GatewayError?> ConvertAsync(Exchange exchange, PooledBuffer body, PooledBuffer output)
        {
            long? count = null;
            try
            {
                var reader = new Utf8JsonReader(body.Written);
                using var document = JsonDocument.ParseValue(ref reader);
                var answer = document.RootElement;
                count = answer.Integer("input_tokens") ?? answer.Integer("totalTokens") ?? answer.Integer("inputTokens");
            }
            catch (JsonException)
            {
                // Told below.
            }

            if (count is null)
            {
                return new(Invalid(exchange, "something that is not a count of tokens"));
            }

            using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)output, JsonWriting.Options))
            {
                writer.WriteStartObject();
                writer.WriteNumber(exchange.Operation.Dialect == Dialect.Gemini ? "totalTokens"u8 : "input_tokens"u8, count.Value);
                writer.WriteEndObject();
            }

            AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = output.Length;
            return default;
        }
    }
}
