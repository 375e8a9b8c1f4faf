using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Upstream.Realtime;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Upstream;

/// <summary>Step 6 for model calls: tries the targets in order until one answers.</summary>
internal sealed class ModelDispatcher(TimeProvider time)
{
    /// <returns>Continue when there is an answer, still to be passed on; an error when no target gave one.</returns>
    public async ValueTask<Outcome> DispatchAsync(Exchange exchange)
    {
        while (true)
        {
            var target = exchange.Target = exchange.Targets[exchange.NextTarget++];
            var lifetime = new CallLifetime(exchange, time);
            HttpResponseMessage? response = null;
            try
            {
                var (rendition, unsayable) = Renditions.Of(exchange, target);
                if (unsayable is not null)
                {
                    // Another target may be able to take what this one cannot.
                    if (unsayable.Code == GatewayErrorCode.UnsupportedFeature && MayTryNext(exchange))
                    {
                        continue;
                    }

                    // What failed before may succeed when it is asked again: that is what the caller must know.
                    return unsayable.Code == GatewayErrorCode.UnsupportedFeature && exchange.Attempts is [.., var failed]
                        ? new GatewayError(GatewayErrorCode.UpstreamError, $"{failed.Target} failed ({failed.Error}), and of the targets after it none can be asked: {unsayable.Message}")
                        : unsayable;
                }

                if (rendition?.AnswerWithoutCall(lifetime) is { } own)
                {
                    exchange.Answer = own;
                    return Outcome.Continue;
                }

                (response, var outcome) = await TryAsync(exchange, target, lifetime, rendition);
                var isRetryable = response is null ? outcome.Error!.Traits.Party == ErrorParty.Upstream : IsRetryable((int)response.StatusCode);
                if (!isRetryable || !MayTryNext(exchange))
                {
                    return response is null ? outcome : TakeAnswer(exchange, response, lifetime, rendition);
                }
            }
            finally
            {
                if (exchange.Answer is null)
                {
                    response?.Dispose();
                    lifetime.Dispose();
                }
            }
        }
    }

    /// <summary>
    /// Takes back an answer that broke before its first byte went out, if there is another target: nobody has seen anything of it.
    /// </summary>
    public static bool TakesBack(Exchange exchange, Outcome outcome)
    {
        if (exchange.Answer is null || !MayTryNext(exchange) || outcome.Error is not { UpstreamStatus: null, Traits.Party: ErrorParty.Upstream } broken)
        {
            return false;
        }

        exchange.Attempts[^1] = exchange.Attempts[^1] with { Error = broken.Traits.Name };
        exchange.Answer.Dispose();
        exchange.Answer = null;
        // What it said of its usage is not the next one's.
        exchange.Facts = new OpenAiAnswerFacts();
        return true;
    }

    /// <summary>There is another target, and the caller has got nothing yet.</summary>
    public static bool MayTryNext(Exchange exchange) => exchange.NextTarget < exchange.Targets.Count
        && exchange.Request.CanBeSentAgain && !exchange.Response.HasStarted && !exchange.ClientLeft;

    /// <summary>Another target may answer where this one answers with such a status.</summary>
    public static bool IsRetryable(int status) => status is 408 or 409 or 429 or >= 500;

    private static async ValueTask<(HttpResponseMessage? Response, Outcome Outcome)> TryAsync(
        Exchange exchange, Target target, CallLifetime lifetime, Rendition? rendition)
    {
        var started = exchange.Timings.Elapsed;
        var (response, failure) = await UpstreamClient.SendAsync(exchange, target, lifetime, rendition);
        exchange.Attempts.Add(new Attempt(
            target.Name,
            response is null ? null : (int)response.StatusCode,
            failure?.Traits.Name ?? ((int)response!.StatusCode >= 400 ? $"http_{(int)response.StatusCode}" : null),
            (long)started.TotalMicroseconds,
            (long)(exchange.Timings.Elapsed - started).TotalMicroseconds));
        return (response, new Outcome(failure));
    }

    private static Outcome TakeAnswer(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime, Rendition? rendition)
    {
        var target = exchange.Target!;
        var isRelay = exchange.Operation.IsRelay;
        if (!isRelay && (int)response.StatusCode is >= 300 and < 400)
        {
            return new GatewayError(
                GatewayErrorCode.UpstreamInvalidResponse,
                $"{target.Name} answered with a redirect ({(int)response.StatusCode}), which is not followed. Is base_url of '{target.Provider.Name}' right?");
        }

        if (exchange.Operation == Operation.Realtime && response.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols)
        {
            exchange.Facts = new OpenAiAnswerFacts();
            exchange.Answer = new RealtimeAnswer(response, lifetime, exchange.Snapshot.MaxStreamFrame);
            return Outcome.Continue;
        }

        if (exchange.Request.Object?.Owned is { } owned)
        {
            exchange.Answer = new OwnedListAnswer(response, lifetime, owned);
            return Outcome.Continue;
        }

        var isEventStream = MediaType.Of(response.Content).Equals("text/event-stream", StringComparison.OrdinalIgnoreCase)
            && response.Content.Headers.ContentEncoding.Count == 0;
        if (rendition?.AnswerOf(exchange, response, lifetime) is { } converted)
        {
            exchange.Answer = converted;
            return Outcome.Continue;
        }

        exchange.Facts = exchange.Operation.Dialect == Dialect.Gemini
            ? new CodecAnswerFacts(Codecs.Of(Dialect.Gemini), isEventStream)
            : new OpenAiAnswerFacts();
        if (isEventStream)
        {
            var removeUsageChunk = exchange.Operation.HasStreamOptions && target.Provider.RequestStreamUsage && exchange.Request.Envelope is { IsStream: true, AsksForUsage: false };
            exchange.Answer = new EventStreamAnswer(response, lifetime, exchange.Snapshot.MaxStreamFrame, removeUsageChunk);
        }
        else
        {
            exchange.Answer = new BodyAnswer(response, lifetime, mustBeJson: !isRelay && !(exchange.Operation.AnswersInAnyFormat && response.IsSuccessStatusCode));
        }

        return Outcome.Continue;
    }
}
