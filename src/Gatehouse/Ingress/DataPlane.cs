using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Runs;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Ingress;

/// <summary>The listener for clients: finds what a request asks for by its path.</summary>
internal sealed class DataPlane(SnapshotSource snapshots, ExchangePipeline pipeline, ModelList models, ObjectIngress objects, ResponsesIngress responses, KeptResponses kept, Probes probes, GatewayMetrics metrics, GatewayLifetime lifetime, TimeProvider time)
{
    private const string V1 = "/v1";

    public Task HandleAsync(HttpContext http)
    {
        if (lifetime.IsStopping)
        {
            http.Response.Headers.Connection = "close";
        }

        return KeptResponses.MayHave(http.Request) ? HandleKeptAsync(http) : DispatchAsync(http);
    }

    private async Task HandleKeptAsync(HttpContext http)
    {
        if (!await kept.TryHandleAsync(http))
        {
            await DispatchAsync(http);
        }
    }

    private Task DispatchAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        var isRelay = http.Request.Headers.ContainsKey(ModelIngress.ProviderHeader);
        // With the provider's name a path is relayed as it is.
        var isCall = !isRelay && HttpMethods.IsPost(http.Request.Method);
        return path switch
        {
            "/v1/chat/completions" => RunAsync(http, Operation.Chat, objects.ReadChatAsync),
            "/v1/responses" when isCall => RunAsync(http, Operation.Responses, responses.ReadAsync),
            "/v1/responses/input_tokens" when isCall => RunAsync(http, Operation.CountResponseTokens, ModelIngress.ReadAsync),
            "/v1/messages" when isCall => RunAsync(http, Operation.Messages, ModelIngress.ReadAsync),
            "/v1/messages/count_tokens" when isCall => RunAsync(http, Operation.CountMessageTokens, ModelIngress.ReadAsync),
            "/v1/embeddings" => RunAsync(http, Operation.Embeddings, ModelIngress.ReadAsync),
            "/v1/rerank" or "/v2/rerank" when !isRelay => RunAsync(http, Operation.Rerank, ModelIngress.ReadAsync),
            "/v1/completions" => RunAsync(http, Operation.Completion, ModelIngress.ReadAsync),
            "/v1/moderations" when !isRelay => RunAsync(http, Operation.Moderation, ModelIngress.ReadAsync),
            "/v1/images/generations" when !isRelay => RunAsync(http, Operation.ImageGeneration, ModelIngress.ReadAsync),
            "/v1/images/edits" when !isRelay => RunAsync(http, Operation.ImageEdit, FormIngress.ReadAsync),
            "/v1/images/variations" when !isRelay => RunAsync(http, Operation.ImageVariation, FormIngress.ReadAsync),
            "/v1/audio/speech" when !isRelay => RunAsync(http, Operation.Speech, ModelIngress.ReadAsync),
            "/v1/audio/transcriptions" when !isRelay => RunAsync(http, Operation.Transcription, FormIngress.ReadAsync),
            "/v1/audio/translations" when !isRelay => RunAsync(http, Operation.Translation, FormIngress.ReadAsync),
            "/v1/realtime" when HttpMethods.IsGet(http.Request.Method) =>
                RealtimeIngress.OpenAsync(http, upgradable => RunAsync(upgradable, Operation.Realtime, RealtimeIngress.ReadAsync)),
            "/v1/models" or "/v1beta/models" when !isRelay => models.ListAsync(http),
            "/healthz" => Probes.AliveAsync(http),
            "/readyz" => probes.ReadyAsync(http),
            _ when !isRelay && GeminiIngress.OperationOf(path) is { } operation => RunAsync(http, operation, GeminiIngress.ReadAsync),
            _ when path.StartsWith("/v1/models/", StringComparison.Ordinal) && !isRelay => models.ShowAsync(http, path["/v1/models/".Length..]),
            _ when path.StartsWith("/v1beta/models/", StringComparison.Ordinal) && !isCall && !isRelay => models.ShowAsync(http, path["/v1beta/models/".Length..]),
            _ when path.StartsWith("/v1/", StringComparison.Ordinal) && IsAnthropic(http.Request) => RunAsync(http, Operation.RelayAnthropic, objects.ReadAsync),
            _ when path.StartsWith("/v1/", StringComparison.Ordinal) => RunAsync(http, Operation.Relay, objects.ReadAsync),
            _ => NotFoundAsync(http, path),
        };
    }

    private async Task RunAsync(HttpContext http, Operation operation, Func<Exchange, ValueTask<Outcome>> ingress)
    {
        var headers = http.Request.Headers;
        var activity = GatewayTraces.Start(operation, headers);
        var trace = activity is null ? TraceContext.From(headers, time.GetUtcNow()) : TraceContext.From(activity);
        var (run, source) = RunHeaders.RunOf(headers, trace);
        var exchange = new Exchange(ExchangeKind.Model, operation, http, snapshots.Current, time)
        {
            Activity = activity,
            Lifetime = lifetime,
            Trace = trace,
            Run = run,
            RunSource = source,
        };

        // The listener keeps the limit of its start; the one in force may be another.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = exchange.Snapshot.MaxRequestBody;
        }

        metrics.Begin();
        try
        {
            await pipeline.RunAsync(exchange, ingress);
        }
        finally
        {
            metrics.End();
        }
    }

    private static bool IsAnthropic(HttpRequest request) => request.Path.StartsWithSegments("/v1/messages", StringComparison.Ordinal)
        || ModelListFormat.DialectOf(request) == Protocols.Chat.Dialect.Anthropic;

    private static Task NotFoundAsync(HttpContext http, string path)
    {
        var hint = path.Contains(':', StringComparison.Ordinal) ? " Of Google's methods generateContent, streamGenerateContent and countTokens are known here."
            : path.StartsWith(V1, StringComparison.Ordinal) ? ""
            : $" Paths for clients begin with {V1}/; is it missing from the client's base URL?";
        return ErrorAnswer.RefuseAsync(http, new GatewayError(GatewayErrorCode.NotFound, $"There is nothing at '{path}'.{hint}"), ModelListFormat.DialectOf(http.Request));
    }
}
