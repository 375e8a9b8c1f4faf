using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Upstream.Failures;
using Gatehouse.Upstream.Realtime;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Upstream;

/// <summary>
/// One attempt at one target: the request in the target's form, then the head of its answer or the reason why there is none. Several of one
/// exchange may run at the same time.
/// </summary>
internal sealed class TargetCall : IDisposable
{
    private readonly Rendition? _rendition;
    private readonly CallLifetime _lifetime;
    private readonly IReadOnlyList<string> _dropped;
    private HttpResponseMessage? _response;
    private bool _isTaken;

    private TargetCall(Target target, Rendition? rendition, IReadOnlyList<string> dropped, CallLifetime lifetime) =>
        (Target, _rendition, _dropped, _lifetime) = (target, rendition, dropped, lifetime);

    public Target Target { get; }

    /// <summary>Of the answer; null when there is none.</summary>
    public int? Status => (int?)_response?.StatusCode;

    /// <summary>Since the start of the exchange, when it was sent.</summary>
    public TimeSpan StartedAt { get; private set; }

    /// <summary>From then to the head of the answer, or to the failure.</summary>
    public TimeSpan ToHead { get; private set; }

    /// <summary>Why there is no answer.</summary>
    public GatewayError? Error { get; private set; }

    /// <summary>What kind of failure it is that <see cref="Status"/> or <see cref="Error"/> tells of; null when the target took the call.</summary>
    public FailureKind? Failure { get; private set; }

    /// <summary>When the target wants to be asked again at the earliest.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>What the target says is left for this account.</summary>
    public ProviderQuota Quota { get; private set; }

    /// <summary>Puts the call into the target's form.</summary>
    /// <returns>An error for what the target cannot take.</returns>
    public static (TargetCall? Call, GatewayError? Unsayable) Prepare(Exchange exchange, Target target, TimeProvider time)
    {
        exchange.Target = target;
        var (rendition, unsayable) = Renditions.Of(exchange, target);
        return unsayable is null
            ? (new TargetCall(target, rendition, exchange.Dropped, new CallLifetime(exchange, target.Timeouts, time)), null)
            : (null, unsayable);
    }

    /// <summary>Takes an answer for which the target need not be asked.</summary>
    public bool TryAnswerWithoutCall(Exchange exchange)
    {
        exchange.Answer = _rendition?.AnswerWithoutCall(_lifetime);
        return _isTaken = exchange.Answer is not null;
    }

    /// <summary>It is made beside another attempt that is slow.</summary>
    public bool IsHedge { get; set; }

    /// <summary>Sends the request and waits for the head of the answer; of an answer that tells of a failure, for all of it.</summary>
    /// <param name="isAlone">No other attempt of the exchange runs meanwhile: the wait is counted here.</param>
    public async ValueTask SendAsync(Exchange exchange, TimeProvider time, bool isAlone = true)
    {
        StartedAt = exchange.Timings.Elapsed;
        (_response, Error) = await UpstreamClient.SendAsync(exchange, Target, _lifetime, _rendition, isAlone);
        if (_response is { } response)
        {
            Quota = QuotaHeaders.Read(response, time.GetUtcNow());
            if ((int)response.StatusCode >= 400)
            {
                (Failure, RetryAfter, Error) = await FailedAnswer.ReadAsync(exchange, Target, response, _lifetime, time.GetUtcNow());
                if (Error is not null)
                {
                    response.Dispose();
                    _response = null;
                }
            }
            else if (!exchange.Operation.IsRelay && (int)response.StatusCode is >= 300 and < 400)
            {
                Error = new GatewayError(
                    GatewayErrorCode.UpstreamInvalidResponse,
                    $"{Target.Name} answered with a redirect ({Status}), which is not followed. Is base_url of '{Target.Provider.Name}' right?");
            }
        }

        if (Error is { } error)
        {
            Failure = error.FailureKind;
        }

        ToHead = exchange.Timings.Elapsed - StartedAt;
    }

    /// <summary>Ends the attempt wherever it is.</summary>
    public void Abort() => _lifetime.Abort();

    /// <summary>For the record.</summary>
    public Attempt ToAttempt() => new(
        Target.Name,
        Status ?? Error?.UpstreamStatus,
        Error?.Traits.Name ?? (Status >= 400 ? $"http_{Status}" : null),
        Failure?.Word(),
        (long)StartedAt.TotalMicroseconds,
        (long)ToHead.TotalMicroseconds)
    { Hedge = IsHedge };

    /// <summary>For the record: another attempt had answered before.</summary>
    public Attempt ToOvertaken() => ToAttempt() with { Status = null, Error = Attempt.Overtaken, Kind = null, GivenUp = Target };

    /// <summary>Makes the answer that came the exchange's own.</summary>
    public Outcome Take(Exchange exchange)
    {
        exchange.Target = Target;
        exchange.Dropped = _dropped;
        if (Error is { } error)
        {
            return error;
        }

        exchange.Answer = AnswerOf(exchange, _response!, exchange.Operation.IsRelay);
        _isTaken = true;
        return Outcome.Continue;
    }

    public void Dispose()
    {
        if (!_isTaken)
        {
            _response?.Dispose();
            _lifetime.Dispose();
        }
    }

    private HeldAnswer AnswerOf(Exchange exchange, HttpResponseMessage response, bool isRelay)
    {
        if (exchange.Operation == Operation.Realtime && response.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols)
        {
            exchange.Facts = new OpenAiAnswerFacts();
            return new RealtimeAnswer(response, _lifetime, exchange.Snapshot.MaxStreamFrame);
        }

        if (exchange.Request.Object?.Owned is { } owned)
        {
            return new OwnedListAnswer(response, _lifetime, owned);
        }

        if (_rendition?.AnswerOf(exchange, response, _lifetime) is { } converted)
        {
            return converted;
        }

        var isEventStream = MediaType.Of(response.Content).Equals("text/event-stream", StringComparison.OrdinalIgnoreCase)
            && response.Content.Headers.ContentEncoding.Count == 0;
        exchange.Facts = exchange.Operation.Dialect == Dialect.Gemini
            ? new CodecAnswerFacts(Codecs.Of(Dialect.Gemini), isEventStream)
            : new OpenAiAnswerFacts();
        if (!isEventStream)
        {
            return new BodyAnswer(response, _lifetime, mustBeJson: !isRelay && !(exchange.Operation.AnswersInAnyFormat && response.IsSuccessStatusCode));
        }

        var removeUsageChunk = exchange.Operation.HasStreamOptions && Target.Provider.RequestStreamUsage && exchange.Request.Envelope is { IsStream: true, AsksForUsage: false };
        return new EventStreamAnswer(response, _lifetime, exchange.Snapshot.MaxStreamFrame, removeUsageChunk);
    }
}
