using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// A count of the tokens of a conversation, by a target of another dialect that can count: Anthropic, Gemini, Bedrock, OpenAI's Responses
/// API. The target's dialect is that in which it would be asked to answer the conversation. For a target that cannot count it is an estimate.
/// </summary>
internal sealed class TokenCountRendition : Rendition
{
    /// <summary>Gemini's clients may wrap the whole request, and name the model in it once more.</summary>
    private static readonly string[] Wrappers = ["generateContentRequest", "generate_content_request"];

    /// <summary>Of what was written here: its dialect may put a level or two around the deepest value that is read.</summary>
    private static readonly JsonDocumentOptions WrittenOptions = new() { MaxDepth = 2 * JsonWriting.ReadOptions.MaxDepth };

    private readonly Dialect _dialect;
    private readonly ChatRequest? _toEstimate;
    private readonly BytePairTokenizer? _tokenizer;

    private TokenCountRendition(Dialect dialect, ReadOnlyMemory<byte> body) => (_dialect, Body) = (dialect, body);

    private TokenCountRendition(ChatRequest toEstimate, BytePairTokenizer? tokenizer) => (_toEstimate, _tokenizer) = (toEstimate, tokenizer);

    public override ReadOnlyMemory<byte> Body { get; }

    public static (Rendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target)
    {
        var caller = exchange.Operation.Dialect;
        var dialect = TargetDialect.OfCount(target, caller);
        if (dialect is null)
        {
            var (request, malformed) = ChatRendition.Read(exchange);
            return request is null ? (null, malformed) : (new TokenCountRendition(request, exchange.Snapshot.Vocabularies.Of(target.Model)), null);
        }

        if (dialect == caller && !IsSpecial(exchange, target))
        {
            return default;
        }

        var (chat, error) = ChatRendition.Of(exchange, target, dialect.Value, isRequestOnly: false);
        return chat is null ? (null, error) : (new TokenCountRendition(dialect.Value, Wrapped(chat.Body, dialect.Value, target)), null);
    }

    public override HeldAnswer? AnswerWithoutCall(CallLifetime lifetime) => _toEstimate is null ? null : new TokenEstimate.Answer(_toEstimate, _tokenizer, lifetime);

    public override Uri UriFor(Target target) => _dialect switch
    {
        Dialect.Anthropic when target.Provider.Dialect == ProviderDialect.Vertex => UpstreamPaths.OfVertexCount(target),
        Dialect.Anthropic => UpstreamPaths.BelowHost(target, Operation.CountMessageTokens.Path),
        Dialect.Gemini => UpstreamPaths.OfGemini(target, ":countTokens"),
        Dialect.Bedrock => UpstreamPaths.OfBedrock(target, "/count-tokens"),
        _ => target.Provider.UriOf("/responses/input_tokens", target.Model),
    };

    public override HeldAnswer AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        exchange.Facts = new CodecAnswerFacts(Codecs.Of(_dialect), isStream: false);
        return new Answer(response, lifetime, _dialect);
    }

    /// <summary>The target counts in the caller's dialect, but would not take the caller's bytes.</summary>
    private static bool IsSpecial(Exchange exchange, Target target) => exchange.Request.HasForeignSignatures
        || (target.Provider.Dialect == ProviderDialect.Vertex && exchange.Operation.Dialect == Dialect.Anthropic)
        || (exchange.Operation.Dialect == Dialect.Gemini && MemberNames.HasAny(exchange.Request.Body, Wrappers));

    /// <summary>The conversation as the counting call wants it: without what only generation needs.</summary>
    private static ReadOnlyMemory<byte> Wrapped(ReadOnlyMemory<byte> body, Dialect dialect, Target target)
    {
        var output = new ArrayBufferWriter<byte>(body.Length + 64);
        using var document = JsonDocument.Parse(body, WrittenOptions);
        using var writer = new Utf8JsonWriter(output, JsonWriting.Options);
        switch (dialect)
        {
            // "contents", "systemInstruction", "tools" and "generationConfig" stand at the top there (aiplatform v1beta1, CountTokensRequest).
            case Dialect.Gemini when target.Provider.Dialect == ProviderDialect.Vertex:
                writer.WriteStartObject();
                WriteMembers(writer, document.RootElement, "contents", "systemInstruction", "tools", "generationConfig");
                writer.WriteEndObject();
                break;
            case Dialect.Gemini:
                writer.WriteStartObject();
                writer.WriteStartObject("generateContentRequest"u8);
                writer.WriteString("model"u8, $"models/{target.Model}");
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
                writer.WriteString("model"u8, target.Model);
                WriteMembers(writer, document.RootElement, "messages", "system", "tools", "tool_choice", "thinking", "output_config");
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
            // What the dialects do not look into is written as it was: it may be JSON without being text.
            var name = JsonMembers.NameOf(member);
            if (names.IsEmpty || names.Contains(name))
            {
                writer.WritePropertyName(name);
                writer.WriteElement(member.Value);
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

            output.Write(TokenCount.Write(exchange.Operation.Dialect, count.Value));

            AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = output.Length;
            return default;
        }
    }
}
