using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// An estimate of the tokens of a conversation, of no tokenizer in particular: texts, names, arguments and schemas by their words
/// (<see cref="TextTokens"/>), what frames each message and tool, and 1,000 for an image, a sound or a file. Its error is in docs/estimates.md.
/// The reader of <c>RequestTraits</c> makes the same of a body that it does not parse.
/// </summary>
internal static class TokenEstimate
{
    /// <summary>Tells a caller that the number is none of the provider's.</summary>
    public const string Header = "x-gatehouse-estimated";

    /// <summary>The role of a message and the marks around it.</summary>
    public const int MessageWeight = 4 * TextTokens.PerToken;

    /// <summary>The marks around a tool.</summary>
    public const int ToolWeight = 6 * TextTokens.PerToken;

    /// <summary>Of a conversation: the marks after which the answer begins.</summary>
    public const int AnswerWeight = 3 * TextTokens.PerToken;

    private const int TokensPerMedium = 1000;

    /// <summary>As deep as the envelope takes a body.</summary>
    private const int MaxDepth = 512;

    /// <summary>What a tokenizer counts of one request, for it takes half a second for a megabyte at worst; longer texts are weighed.</summary>
    private const int MaxCountedBytes = 1024 * 1024;

    /// <param name="request">The conversation.</param>
    /// <param name="tokenizer">Counts the texts, where the model's vocabulary is there; schemas are weighed all the same, as models get to see them in another form.</param>
    public static long Of(ChatRequest request, BytePairTokenizer? tokenizer = null)
    {
        var count = new Count(tokenizer) { Weight = AnswerWeight };
        foreach (var message in request.Messages)
        {
            count.Weight += MessageWeight;
            count.Add(message.Parts);
        }

        foreach (var tool in request.Tools)
        {
            count.Weight += ToolWeight;
            count.Add(tool);
        }

        count.Add(request.ResponseFormat?.Schema);
        return Of(count.Weight, count.Media);
    }

    /// <param name="weight">Of all texts, messages and tools, as <see cref="TextTokens"/> weighs.</param>
    /// <param name="media">Images, sounds, videos and files.</param>
    /// <returns>At least 1.</returns>
    public static long Of(long weight, long media) => Math.Max(1, (media * TokensPerMedium) + ((weight + TextTokens.PerToken - 1) / TextTokens.PerToken));

    private struct Count(BytePairTokenizer? tokenizer)
    {
        public long Weight;

        private int _left = MaxCountedBytes;

        public long Media { get; private set; }

        public void Add(IReadOnlyList<Part> parts)
        {
            foreach (var part in parts)
            {
                Add(part);
            }
        }

        public void Add(JsonElement? json)
        {
            if (json is { } value)
            {
                Add(new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(value), new JsonReaderOptions { MaxDepth = MaxDepth }));
            }
        }

        public void Add(ToolDefinition tool)
        {
            switch (tool)
            {
                case FunctionTool function:
                    Add(function.Name);
                    Add(function.Description);
                    Add(function.Parameters);
                    break;
                case CustomTool custom:
                    Add(custom.Name);
                    Add(custom.Description);
                    Add(custom.Format);
                    break;
                case OpaqueTool opaque:
                    Add(opaque.Value);
                    break;
            }
        }

        private void Add(string? text)
        {
            if (tokenizer is null || text is null || Encoding.UTF8.GetByteCount(text) is var length && length > _left)
            {
                Weight += TextTokens.WeightOf(text);
                return;
            }

            _left -= length;
            Weight += TextTokens.PerToken * tokenizer.Count(Encoding.UTF8.GetBytes(text));
        }

        private void Add(Utf8JsonReader json)
        {
            while (json.Read())
            {
                switch (json.TokenType)
                {
                    case JsonTokenType.PropertyName or JsonTokenType.String:
                        var text = new JsonUnescaper([], weighs: true);
                        text.Push(json);
                        Weight += text.Weight + TextTokens.JsonString;
                        break;
                    case JsonTokenType.Number:
                        Weight += TextTokens.WeightOf(json.ValueSpan) + TextTokens.JsonLiteral;
                        break;
                    case JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null:
                        Weight += TextTokens.PerToken;
                        break;
                    default:
                        Weight += TextTokens.JsonBracket;
                        break;
                }
            }
        }

        private void Add(Part part)
        {
            switch (part)
            {
                case TextPart text:
                    Add(text.Text);
                    break;
                case RefusalPart refusal:
                    Add(refusal.Text);
                    break;
                case ReasoningPart reasoning:
                    Add(reasoning.Text);
                    break;
                case ToolCallPart call:
                    Add(call.Name);
                    Add(call.Arguments);
                    break;
                case ToolResultPart result:
                    Add(result.Content);
                    break;
                case FilePart { Content: { } content }:
                    Add(content);
                    break;
                case FilePart { Source.Text: { } text }:
                    Add(text);
                    break;
                case ImagePart or AudioPart or FilePart:
                    Media++;
                    break;
                case OpaquePart opaque:
                    Add(opaque.Value);
                    break;
            }
        }
    }

    /// <summary>The estimate as an answer; nobody is asked for it.</summary>
    public sealed class Answer(ChatRequest request, BytePairTokenizer? tokenizer, CallLifetime lifetime) : HeldAnswer
    {
        private byte[] _body = [];

        public override int HeldBytes => _body.Length;

        public override ValueTask<Outcome> RelayAsync(Exchange exchange)
        {
            _body = TokenCount.Write(exchange.Operation.Dialect, Of(request, tokenizer));
            var headers = exchange.Response.Headers;
            headers.ContentType = "application/json";
            headers[Header] = "true";
            exchange.Response.Start(exchange, StatusCodes.Status200OK, isEventStream: false);
            exchange.Http.Response.ContentLength = _body.Length;
            return new(Outcome.Continue);
        }

        public override ValueTask ReleaseAsync(Exchange exchange)
        {
            exchange.Response.Write(_body);
            return ValueTask.CompletedTask;
        }

        public override void Dispose() => lifetime.Dispose();
    }
}

/// <summary>A count of tokens in the caller's form.</summary>
internal static class TokenCount
{
    public static byte[] Write(Dialect caller, long count) =>
        Encoding.UTF8.GetBytes($"{{\"{(caller == Dialect.Gemini ? "totalTokens" : "input_tokens")}\":{count.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}");
}
