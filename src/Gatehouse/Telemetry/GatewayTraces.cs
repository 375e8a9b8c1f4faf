using System.Diagnostics;
using Gatehouse.Pipeline;

namespace Gatehouse.Telemetry;

/// <summary>
/// One span for each exchange, with the names of the OpenTelemetry GenAI semantic conventions (development status). No span is made
/// unless traces are exported.
/// </summary>
internal static class GatewayTraces
{
    public const string SourceName = "Gatehouse";

    private static readonly ActivitySource Source = new(SourceName);

    public static Activity? Start(Operation operation, IHeaderDictionary headers)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // The web server keeps an activity of its own, which nobody exports: a span below it would be dropped with it.
        Activity.Current = null;
        return Source.StartActivity(
            operation.Name,
            ActivityKind.Client,
            ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var parent) ? parent : default);
    }

    public static void End(Exchange exchange)
    {
        if (exchange.Activity is not { } span)
        {
            return;
        }

        span.DisplayName = exchange.Model.Length == 0 ? exchange.Operation.Name : $"{exchange.Operation.Name} {exchange.Model}";
        if (span.IsAllDataRequested)
        {
            Describe(exchange, span);
        }

        span.Dispose();
    }

    private static void Describe(Exchange exchange, Activity span)
    {
        _ = span.SetTag("gen_ai.operation.name", exchange.Operation.Name)
            .SetTag("gen_ai.provider.name", exchange.Target?.Provider.Entry.Kind)
            .SetTag("gen_ai.request.model", exchange.Model)
            .SetTag("gen_ai.request.stream", exchange.Request.IsStream ? true : null)
            .SetTag("gen_ai.response.id", exchange.Facts.Id)
            .SetTag("gen_ai.response.model", exchange.Facts.Model)
            .SetTag("gen_ai.response.finish_reasons", exchange.Facts.FinishReason is { } reason ? new[] { reason } : null)
            .SetTag("http.response.status_code", exchange.Status)
            .SetTag("gatehouse.exchange.id", exchange.Id)
            .SetTag("gatehouse.target", exchange.Target?.Name)
            .SetTag("gatehouse.route", exchange.Route?.Name)
            .SetTag("gatehouse.key.name", exchange.Key?.Name)
            .SetTag("gatehouse.outcome", exchange.Outcome.Word())
            .SetTag("gatehouse.attempts", exchange.Attempts.Count);
        if (exchange.Target is { } target && Uri.TryCreate(target.Provider.BaseUrl, UriKind.Absolute, out var address))
        {
            _ = span.SetTag("server.address", address.Host).SetTag("server.port", address.Port);
        }

        if (exchange.Usage is { } usage)
        {
            _ = span.SetTag("gen_ai.usage.input_tokens", usage.InputTokens + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0))
                .SetTag("gen_ai.usage.output_tokens", usage.OutputTokens)
                .SetTag("gen_ai.usage.cache_read.input_tokens", usage.CacheReadTokens)
                .SetTag("gen_ai.usage.cache_write.input_tokens", usage.CacheWriteTokens)
                .SetTag("gen_ai.usage.reasoning.output_tokens", usage.ReasoningTokens);
        }

        if (exchange.Response.IsEventStream && exchange.Timings.ToFirstByte is { } firstChunk)
        {
            _ = span.SetTag("gen_ai.response.time_to_first_chunk", firstChunk.TotalSeconds);
        }

        if (exchange.Error is { } error)
        {
            _ = span.SetTag("error.type", error.Traits.Name).SetStatus(ActivityStatusCode.Error, error.Message);
        }
    }
}
