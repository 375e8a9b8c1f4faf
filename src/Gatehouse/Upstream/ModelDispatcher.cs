using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Upstream;

/// <summary>Step 6 for model calls: tries the targets in order until one answers, and passes its answer on.</summary>
internal sealed class ModelDispatcher(TimeProvider time)
{
    /// <returns>The answer but for its end; or an error when no target gave one.</returns>
    public async ValueTask<(HeldAnswer? Answer, Outcome Outcome)> DispatchAsync(Exchange exchange)
    {
        var isBodyKept = exchange.Request.Envelope is not null;
        for (var i = 0; ; i++)
        {
            var target = exchange.Targets[i];
            // A body that was not kept can be sent once.
            var isLast = i == exchange.Targets.Count - 1 || !isBodyKept;
            var lifetime = new CallLifetime(exchange, time);
            var response = default(HttpResponseMessage);
            HeldAnswer? answer = null;
            try
            {
                (response, var outcome) = await TryAsync(exchange, target, lifetime);
                var isRetryable = response is null ? outcome.Error!.Traits.Party == ErrorParty.Upstream : IsRetryable((int)response.StatusCode);
                if (isRetryable && !isLast && !lifetime.ClientLeft)
                {
                    continue;
                }

                if (response is null)
                {
                    return (null, outcome);
                }

                (answer, outcome) = await RelayAsync(exchange, response, lifetime);
                if (!isLast && !exchange.ClientLeft && !exchange.Response.HasStarted && outcome.Error is { UpstreamStatus: null, Traits.Party: ErrorParty.Upstream } broken)
                {
                    // It broke before its first byte went out: nobody has seen anything of it.
                    exchange.Attempts[^1] = exchange.Attempts[^1] with { Error = broken.Traits.Name };
                    exchange.Facts = new OpenAiAnswerFacts();
                    answer.Dispose();
                    continue;
                }

                return (answer, outcome);
            }
            finally
            {
                if (answer is null)
                {
                    response?.Dispose();
                    lifetime.Dispose();
                }
            }
        }
    }

    private static bool IsRetryable(int status) => status is 408 or 409 or 429 or >= 500;

    private static async ValueTask<(HttpResponseMessage? Response, Outcome Outcome)> TryAsync(Exchange exchange, Target target, CallLifetime lifetime)
    {
        exchange.Target = target;
        if (exchange.Operation != Operation.Relay && target.Provider.Entry.Dialect != ProviderDialect.Openai)
        {
            var error = new GatewayError(
                GatewayErrorCode.UnsupportedFeature,
                $"{target.Name} speaks the {target.Provider.Entry.Title} format: call it with its own paths and the header x-gatehouse-provider: {target.Provider.Name}.");
            return (null, error);
        }

        var started = exchange.Timings.Elapsed;
        var (response, failure) = await UpstreamClient.SendAsync(exchange, target, lifetime);
        exchange.Attempts.Add(new Attempt(
            target.Name,
            response is null ? null : (int)response.StatusCode,
            failure?.Traits.Name ?? ((int)response!.StatusCode >= 400 ? $"http_{(int)response.StatusCode}" : null),
            (long)started.TotalMicroseconds,
            (long)(exchange.Timings.Elapsed - started).TotalMicroseconds));
        return (response, new Outcome(failure));
    }

    private static async ValueTask<(HeldAnswer Answer, Outcome Outcome)> RelayAsync(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        var target = exchange.Target!;
        var isRelay = exchange.Operation == Operation.Relay;
        var isEventStream = response.Content.Headers.ContentType?.MediaType is { } type
            && type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase)
            && response.Content.Headers.ContentEncoding.Count == 0;
        if (isEventStream)
        {
            var removeUsageChunk = !isRelay && target.Provider.RequestStreamUsage && exchange.Request.Envelope is { IsStream: true, AsksForUsage: false };
            return await RelayAsync(exchange, new EventStreamAnswer(response, lifetime, exchange.Snapshot.MaxStreamFrame, removeUsageChunk));
        }

        return await RelayAsync(exchange, new BodyAnswer(response, lifetime, mustBeJson: !isRelay));
    }

    private static async ValueTask<(HeldAnswer Answer, Outcome Outcome)> RelayAsync(Exchange exchange, HeldAnswer answer)
    {
        try
        {
            return (answer, await answer.RelayAsync(exchange));
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }
}
