using Gatehouse.Caching;
using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Metering;
using Gatehouse.Objects;
using Gatehouse.Policy;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing;
using Gatehouse.Runs;

namespace Gatehouse.Pipeline;

/// <summary>
/// The path of every exchange, whatever its protocol. The numbers are those of docs/architecture.md; a step that is missing here has
/// not been built yet.
/// </summary>
internal sealed partial class ExchangePipeline(
    Authenticator authenticator,
    LimitStage limits,
    Admission admission,
    CacheStage cache,
    Dispatcher dispatcher,
    CostMeter meter,
    ShadowTraffic shadows,
    ObjectService objects,
    RunTracker runs,
    ExchangeRecorder recorder,
    ILogger<ExchangePipeline> logger)
{
    /// <param name="exchange">A new exchange.</param>
    /// <param name="ingress">Reads the request; only called for a caller who is known, so that nobody else's body is ever buffered.</param>
    public async Task RunAsync(Exchange exchange, Func<Exchange, ValueTask<Outcome>> ingress)
    {
        // 1 authenticate: who is calling
        exchange.Phase = ExchangePhase.Authenticate;
        var (key, stranger) = authenticator.Authenticate(
            exchange.Http.Request, exchange.Snapshot, mayBeInQuery: exchange.Operation.Dialect == Dialect.Gemini);
        if (key is null)
        {
            // Nobody's exchange: it is counted, but takes no room in the ledger.
            exchange.Error = stranger;
            exchange.Outcome = ExchangeOutcome.Refused;
            exchange.Response.Fail(exchange, stranger!);
            _ = recorder.Count(exchange);
            return;
        }

        (exchange.Key, exchange.Payer) = (key, key.Payer);
        try
        {
            var outcome = await AnswerAsync(exchange, ingress);
            exchange.ReleaseBody();

            // 8 settle: whose is what was made; how it ended
            outcome = await objects.SettleAsync(exchange, outcome);
            Conclude(exchange, outcome);
            limits.Settle(exchange);
            runs.Leave(exchange);

            // 9 record: the row is durable before the last piece of the answer goes out
            exchange.Phase = ExchangePhase.Record;
            var isRecorded = exchange.ErrorPhase == ExchangePhase.Admit && outcome.Error is not null && !admission.CanRecord
                // Not admitted for want of room in the ledger: a row would take what is left of it.
                ? recorder.Count(exchange)
                : await recorder.RecordAsync(exchange);

            // egress
            if (exchange.ClientLeft)
            {
                exchange.Http.Abort();
                return;
            }

            if (!isRecorded)
            {
                exchange.Response.Fail(exchange, LedgerWriter.NotRecorded);
            }
            else if (outcome.Error is { } error)
            {
                exchange.Response.Fail(exchange, error);
            }
            else
            {
                await exchange.Answer!.ReleaseAsync(exchange);
                cache.Settle(exchange);
            }

            if (exchange.Response.HasFlushed)
            {
                _ = await exchange.Response.FlushAsync();
            }
        }
        finally
        {
            _ = exchange.Reservation?.Settle(default);
            CacheStage.End(exchange);
            runs.Leave(exchange);
            exchange.Ticket?.End();
            exchange.Walk?.End();
            exchange.Answer?.Dispose();
        }
    }

    /// <returns>Continue when all of the answer but its end has gone to the caller.</returns>
    private async ValueTask<Outcome> AnswerAsync(Exchange exchange, Func<Exchange, ValueTask<Outcome>> ingress)
    {
        try
        {
            exchange.Phase = ExchangePhase.Ingress;
            if (PayerHeaders.Read(exchange.Key!, exchange.Http.Request.Headers, out var payer) is { } unclear)
            {
                return unclear;
            }

            (exchange.Payer, exchange.User) = (payer, payer.User);
            if (RunHeaders.Check(exchange.Http.Request.Headers) is { } unnamed)
            {
                return unnamed;
            }

            if (await ingress(exchange) is { Continues: false } unreadable)
            {
                return unreadable;
            }

            runs.Identify(exchange);

            // 2 authorize: may this principal reach this target
            exchange.Phase = ExchangePhase.Authorize;
            if (Authorizer.Authorize(exchange) is { Continues: false } denied)
            {
                return denied;
            }

            // 3 admit: may its run go on, is it within its limits, can it be recorded, and is there room for it
            exchange.Phase = ExchangePhase.Admit;
            if (await runs.EnterAsync(exchange) is { Continues: false } stopped)
            {
                return stopped;
            }

            if (await limits.ReserveAsync(exchange) is { Continues: false } beyond)
            {
                return beyond;
            }

            if (await admission.AdmitAsync(exchange) is { Continues: false } notNow)
            {
                return notNow;
            }

            if (exchange.ClientLeft)
            {
                // Perhaps while it waited.
                return Outcome.Continue;
            }

            // 5 reuse: the answer to the same request, if it is there
            exchange.Phase = ExchangePhase.Reuse;
            return await cache.ReuseAsync(exchange, RunShadowAsync) ?? await DispatchAsync(exchange);
        }
        catch (Exception exception) when (RequestErrors.TellsThatClientLeft(exception, exchange.Http.Request))
        {
            exchange.ClientLeft = true;
            return Outcome.Continue;
        }
        catch (BadHttpRequestException exception)
        {
            return RequestErrors.Of(exception, exchange.Snapshot);
        }
        catch (Exception) when (exchange.ClientLeft)
        {
            return Outcome.Continue;
        }
#pragma warning disable CA1031 // Nothing that a client or a provider sends may take more down than its own exchange.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnexpected(logger, exception, exchange.Id);
            return new GatewayError(GatewayErrorCode.InternalError, $"The gateway failed unexpectedly; its log has the reason under {exchange.Id}.");
        }
    }

    /// <summary>6 dispatch: choose the target, try, fail over; then all of its answer but the end goes to the caller.</summary>
    private async ValueTask<Outcome> DispatchAsync(Exchange exchange)
    {
        exchange.Phase = ExchangePhase.Dispatch;
        var outcome = await dispatcher.PlanAsync(exchange);
        if (!outcome.Continues)
        {
            return outcome;
        }

        if (exchange.Walk!.Plan.Shadows.Count > 0)
        {
            shadows.Send(exchange, exchange.Walk.Plan, RunShadowAsync);
        }

        do
        {
            outcome = await dispatcher.DispatchAsync(exchange);
            if (outcome.Continues)
            {
                outcome = await exchange.Answer!.RelayAsync(exchange);
            }
        }
        while (dispatcher.TakesBack(exchange, outcome));

        return outcome;
    }

    /// <summary>Steps 6, 8 and 9 for a copy: it has been admitted with the exchange that it is a copy of, and its answer is nobody's.</summary>
    private async Task RunShadowAsync(Exchange copy)
    {
        try
        {
            Outcome outcome;
            try
            {
                outcome = await limits.ReserveAsync(copy);
                if (outcome.Continues)
                {
                    outcome = await DispatchAsync(copy);
                }
            }
#pragma warning disable CA1031 // Nobody waits for a copy: whatever happened to it stands in its row.
            catch (Exception exception) when (!copy.ClientLeft)
#pragma warning restore CA1031
            {
                LogUnexpected(logger, exception, copy.Id);
                outcome = new GatewayError(GatewayErrorCode.InternalError, $"The gateway failed unexpectedly; its log has the reason under {copy.Id}.");
            }

            copy.ReleaseBody();
            Conclude(copy, outcome);
            limits.Settle(copy);
            copy.Phase = ExchangePhase.Record;
            _ = await recorder.RecordAsync(copy);
            if (outcome.Continues && !copy.ClientLeft)
            {
                // Nobody's, but it may be compared.
                await copy.Answer!.ReleaseAsync(copy);
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
        finally
        {
            _ = copy.Reservation?.Settle(default);
            copy.Walk?.End();
            copy.Answer?.Dispose();
        }
    }

    /// <summary>8 settle: how it ended, and what it cost.</summary>
    private void Conclude(Exchange exchange, Outcome outcome)
    {
        exchange.Timings.End();
        exchange.ErrorPhase = exchange.Phase;
        exchange.DeliveredBytes = exchange.Response.BytesSent;
        // Connections that are left when the gateway ends are broken by it, not by their clients.
        if (exchange.ClientLeft && !exchange.GatewayEnded.IsCancellationRequested)
        {
            exchange.Outcome = ExchangeOutcome.Cancelled;
        }
        else if ((exchange.ClientLeft ? GatewayLifetime.Error : outcome.Error) is { } error)
        {
            exchange.Error = error;
            exchange.Outcome = exchange.Response.HasStarted ? ExchangeOutcome.Truncated
                : exchange.Phase < ExchangePhase.Dispatch || error.Traits.Party is ErrorParty.Client or ErrorParty.Policy ? ExchangeOutcome.Refused
                : ExchangeOutcome.Failed;
        }
        else
        {
            exchange.DeliveredBytes += exchange.Answer!.HeldBytes;
            if (exchange.Response.Status >= 400)
            {
                exchange.MarkFailed($"answered with status {exchange.Response.Status}");
            }
        }

        meter.Settle(exchange);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Exchange {Exchange} failed unexpectedly.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string exchange);
}
