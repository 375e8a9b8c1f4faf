using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Rerank;

namespace Gatehouse.Upstream.Translation;

/// <summary>A rerank call: always read and written anew, as the caller's form is Cohere's and no two providers agree on all of it.</summary>
internal sealed class RerankRendition : Rendition
{
    private readonly RerankFormat _format;
    private readonly RerankRequest _request;

    private RerankRendition(RerankFormat format, RerankRequest request)
    {
        (_format, _request) = (format, request);
        var body = new ArrayBufferWriter<byte>(1024);
        RerankFormats.WriteRequest(format, request, body);
        Body = body.WrittenMemory;
    }

    public override ReadOnlyMemory<byte> Body { get; }

    public static (Rendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target)
    {
        if (FormatOf(target) is not { } format)
        {
            return (null, new GatewayError(GatewayErrorCode.UnsupportedFeature, $"{target.Name} has no rerank in a form that is known here."));
        }

        if (RerankRequestReader.Read(exchange.Request.Body, out var error) is not { } request)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, error.Message!) { Field = error.Field });
        }

        request = request with { Model = target.Model };
        var dropped = new List<string>();
        if (RerankFormats.Check(format, request, dropped) is { } feature)
        {
            return (null, new GatewayError(GatewayErrorCode.UnsupportedFeature, feature.Message));
        }

        exchange.Dropped = dropped;
        return (new RerankRendition(format, request), null);
    }

    public override Uri UriFor(Target target) => target.Provider.Dialect == ProviderDialect.Openai
        ? target.Provider.UriOf(Operation.Rerank.Path, target.Model)
        : new Uri(target.Provider.BaseUrl + RerankFormats.PathOf(_format, target.Model));

    public override HeldAnswer AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        exchange.Facts = new CodecAnswerFacts(Codecs.Of(Dialect.OpenAiChat), isStream: false);
        return new Answer(response, lifetime, this);
    }

    private static RerankFormat? FormatOf(Target target) => (target.Provider.Dialect, target.Provider.Entry.Kind) switch
    {
        (ProviderDialect.Cohere, _) => RerankFormat.Cohere,
        (ProviderDialect.Bedrock, _) => RerankFormat.BedrockCohere,
        (ProviderDialect.Openai, "voyage") => RerankFormat.Voyage,
        // Jina's form is that of the open servers (vLLM, SGLang, llama.cpp, Infinity) too.
        (ProviderDialect.Openai, _) => RerankFormat.Jina,
        _ => null,
    };

    private sealed class Answer(HttpResponseMessage response, CallLifetime lifetime, RerankRendition rendition)
        : ConvertedBody(response, lifetime, Codecs.Of(rendition._format == RerankFormat.Cohere ? Dialect.Cohere : Dialect.OpenAiChat))
    {
        private readonly HttpResponseMessage _response = response;

        protected override ValueTask<GatewayError?> ConvertAsync(Exchange exchange, PooledBuffer body, PooledBuffer output)
        {
            if (RerankFormats.ReadAnswer(body.WrittenSequence, rendition._request, out var mistake) is not { } answer)
            {
                return new(Invalid(exchange, $"a ranking that cannot be used: the answer {mistake}"));
            }

            ((CodecAnswerFacts)exchange.Facts).Observe(new ChatResponse { Dialect = Dialect.Cohere, Id = answer.Id, Model = answer.Model, Usage = answer.Usage });
            var version = exchange.Http.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal) ? 2 : 1;
            RerankAnswerWriter.Write(output, answer, rendition._request, answer.Id ?? exchange.Id, version);
            AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = output.Length;
            return default;
        }
    }
}
