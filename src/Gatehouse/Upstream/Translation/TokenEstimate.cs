using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// A rough count of the tokens of a conversation, for targets that have no call for it: a token for four bytes of text, names, arguments
/// and schemas, and 1,000 for an image, a sound or a file. English text is overrated by it a little, other scripts more.
/// </summary>
internal static class TokenEstimate
{
    /// <summary>Tells a caller that the number is none of the provider's.</summary>
    public const string Header = "x-gatehouse-estimated";

    private const int BytesPerToken = 4;
    private const int TokensPerMedium = 1000;

    public static long Of(ChatRequest request)
    {
        var count = default(Count);
        foreach (var message in request.Messages)
        {
            count.Add(message.Parts);
        }

        foreach (var tool in request.Tools)
        {
            count.Add(tool);
        }

        count.Add(request.ResponseFormat?.Schema);
        return Math.Max(1, ((count.Bytes + BytesPerToken - 1) / BytesPerToken) + (count.Media * TokensPerMedium));
    }

    private struct Count
    {
        public long Bytes { get; private set; }

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
                Bytes += Encoding.UTF8.GetByteCount(value.GetRawText());
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

        private void Add(string? text) => Bytes += text is null ? 0 : Encoding.UTF8.GetByteCount(text);

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
    public sealed class Answer(ChatRequest request, CallLifetime lifetime) : HeldAnswer
    {
        private byte[] _body = [];

        public override int HeldBytes => _body.Length;

        public override ValueTask<Outcome> RelayAsync(Exchange exchange)
        {
            _body = TokenCount.Write(exchange.Operation.Dialect, Of(request));
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
