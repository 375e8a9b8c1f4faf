using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// An embeddings call for a provider of another format than the caller's; several calls where it takes fewer inputs in one. Gemini's are
/// always written anew, as each of them names its model once more.
/// </summary>
internal sealed class EmbeddingRendition : Rendition
{
    private static readonly string[] OfOpenAiAlone = ["dimensions", "user"];

    private readonly EmbeddingFormat _format;
    private readonly EmbeddingRequest _request;
    private readonly int _call;

    private EmbeddingRendition(EmbeddingFormat format, EmbeddingRequest request, int call)
    {
        (_format, _request, _call) = (format, request, call);
        var body = new ArrayBufferWriter<byte>(1024);
        EmbeddingFormats.WriteRequest(format, request, call, body);
        Body = body.WrittenMemory;
    }

    public override ReadOnlyMemory<byte> Body { get; }

    public static (Rendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target)
    {
        var isOpenAi = exchange.Operation == Operation.Embeddings;
        var known = FormatOf(target) ?? (target.Provider.Dialect == ProviderDialect.Openai ? EmbeddingFormat.OpenAi : null);
        if (known is not { } format)
        {
            return (null, Unsupported($"{target.Name} has no embeddings in a form that is known here."));
        }

        if (isOpenAi && format == EmbeddingFormat.OpenAi)
        {
            return default;
        }

        RequestError error;
        var request = isOpenAi
            ? EmbeddingRequestReader.Read(exchange.Request.Body, out error)
            : GeminiEmbeddingRequestReader.Read(exchange.Request.Body, exchange.Request.Model, exchange.Operation == Operation.BatchEmbedContents, out error);
        if (request is null)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, error.Message!) { Field = error.Field });
        }

        // These two are called like OpenAI, but for the names of a few parameters; and Voyage refuses the word for plain numbers.
        if (isOpenAi && (format is EmbeddingFormat.Voyage or EmbeddingFormat.Mistral) && !MemberNames.HasAny(exchange.Request.Body, OfOpenAiAlone)
            && (format == EmbeddingFormat.Mistral || request.Encoding == EmbeddingEncoding.Base64))
        {
            return default;
        }

        request = request with { Model = target.Model };
        var dropped = new List<string>();
        if (EmbeddingFormats.Check(format, request, dropped) is { } feature)
        {
            return (null, Unsupported(feature.Message));
        }

        exchange.Dropped = dropped;
        return (new EmbeddingRendition(format, request, call: 0), null);
    }

    public override Uri UriFor(Target target) => UriOf(_format, target);

    public static Uri UriOf(EmbeddingFormat format, Target target) => format is EmbeddingFormat.Voyage or EmbeddingFormat.Mistral or EmbeddingFormat.OpenAi
        ? target.Provider.UriOf(Operation.Embeddings.Path, target.Model)
        : UpstreamPaths.BelowHost(target, EmbeddingFormats.PathOf(format, target.Model));

    public override HeldAnswer AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        exchange.Facts = new CodecAnswerFacts(Codecs.Of(TargetDialect.ErrorsOf(_format)), isStream: false);
        return new Answer(response, lifetime, this);
    }

    private static GatewayError Unsupported(string message) => new(GatewayErrorCode.UnsupportedFeature, message);

    /// <summary>Null where the target takes OpenAI's own form, or has none.</summary>
    public static EmbeddingFormat? FormatOf(Target target) => (target.Provider.Dialect, target.Provider.Entry.Kind) switch
    {
        (ProviderDialect.Cohere, _) => EmbeddingFormat.Cohere,
        (ProviderDialect.Gemini, _) => EmbeddingFormat.Gemini,
        (ProviderDialect.Ollama, _) => EmbeddingFormat.Ollama,
        (ProviderDialect.Bedrock, _) => target.Model.Contains("cohere", StringComparison.OrdinalIgnoreCase) ? EmbeddingFormat.BedrockCohere : EmbeddingFormat.BedrockTitan,
        (ProviderDialect.Openai, "voyage") => EmbeddingFormat.Voyage,
        (ProviderDialect.Openai, "mistral") => EmbeddingFormat.Mistral,
        _ => null,
    };

    /// <summary>The vectors of all calls, in OpenAI's form.</summary>
    private sealed class Answer(HttpResponseMessage response, CallLifetime lifetime, EmbeddingRendition rendition)
        : ConvertedBody(response, lifetime, Codecs.Of(TargetDialect.ErrorsOf(rendition._format)))
    {
        private readonly HttpResponseMessage _response = response;

        protected override async ValueTask<GatewayError?> ConvertAsync(Exchange exchange, PooledBuffer body, PooledBuffer output)
        {
            var parts = new List<EmbeddingAnswer>();
            if (Add(exchange, rendition, body, parts) is { } unreadable)
            {
                return unreadable;
            }

            for (var call = 1; call < EmbeddingFormats.CallsFor(rendition._format, rendition._request); call++)
            {
                var next = new EmbeddingRendition(rendition._format, rendition._request, call);
                var (response, error) = await UpstreamClient.SendAsync(exchange, exchange.Target!, Lifetime, next);
                if (response is null)
                {
                    Meter(exchange, parts);
                    return error;
                }

                using (response)
                {
                    using var more = new PooledBuffer();
                    if (await ReadAsync(exchange, response, more) is { } broken)
                    {
                        Meter(exchange, parts);
                        return broken;
                    }

                    if ((int)response.StatusCode >= 400)
                    {
                        Meter(exchange, parts);
                        WriteError(exchange, response, more.Written);
                        return null;
                    }

                    if (Add(exchange, next, more, parts) is { } wrong)
                    {
                        Meter(exchange, parts);
                        return wrong;
                    }
                }
            }

            var answer = Meter(exchange, parts);
            if (exchange.Operation == Operation.Embeddings)
            {
                EmbeddingAnswerWriter.Write(output, answer, answer.Model ?? exchange.Target!.Model, rendition._request.Encoding);
            }
            else
            {
                GeminiEmbeddingAnswerWriter.Write(output, answer, isBatch: exchange.Operation == Operation.BatchEmbedContents);
            }

            AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = output.Length;
            return null;
        }

        /// <summary>The calls that were answered are charged, also when one after them failed.</summary>
        private static EmbeddingAnswer Meter(Exchange exchange, List<EmbeddingAnswer> parts)
        {
            var answer = EmbeddingAnswer.Join(parts);
            ((CodecAnswerFacts)exchange.Facts).Observe(new ChatResponse { Dialect = Dialect.OpenAiChat, Model = answer.Model, Usage = answer.Usage });
            return answer;
        }

        private static GatewayError? Add(Exchange exchange, EmbeddingRendition call, PooledBuffer body, List<EmbeddingAnswer> parts)
        {
            var inputs = EmbeddingFormats.InputsIn(call._format, call._request, call._call);
            if (EmbeddingFormats.ReadAnswer(call._format, body.WrittenSequence, inputs, out var mistake) is not { } answer)
            {
                return Invalid(exchange, $"embeddings that cannot be used: the answer {mistake}");
            }

            parts.Add(answer);
            return null;
        }
    }
}
