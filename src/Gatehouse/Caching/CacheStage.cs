using System.Globalization;
using Gatehouse.Caching.Semantic;
using Gatehouse.Pipeline;

namespace Gatehouse.Caching;

/// <summary>Step 5: whether the answer is there already; and, at the end of an exchange, whether its answer is one to keep.</summary>
internal sealed class CacheStage(AnswerCache cache, SemanticCache semantic, ShadowTraffic shadows, Random random, TimeProvider time)
{
    private static readonly GatewayError NotCached = new(
        GatewayErrorCode.NotCached, "There is no kept answer to this request that is good enough, and it may not go to a provider (cache-control: only-if-cached).");

    private readonly AnswerFlights _flights = new(time);

    /// <param name="runCopy">Steps 6 to 9 for a copy that is to be compared.</param>
    /// <returns>Null when the exchange goes on to a target; else what came of passing on an answer that was kept.</returns>
    public ValueTask<Outcome?> ReuseAsync(Exchange exchange, Func<Exchange, Task> runCopy)
    {
        if (CacheRule.Of(exchange.Route!.Cache, exchange.Key!.Cache) is not { } rule)
        {
            return default;
        }

        var control = RequestCacheControl.Read(exchange.Http.Request.Headers);
        if (control.NoStore || ExactKey.Of(exchange, random) is not { } key)
        {
            return Elsewhere(control);
        }

        if (!control.NoCache)
        {
            var now = time.GetUtcNow();
            if (cache.Find(key, now) is { } entry && control.Takes(entry, now))
            {
                return GiveAsync(exchange, entry, rule, runCopy, isShared: false);
            }
        }

        return FindFurtherAsync(exchange, new CacheClaim { Key = key, Rule = rule, Epoch = cache.Epoch }, control, runCopy);
    }

    /// <summary>After all of the answer has gone out: keeps it, if it is one to keep, and tells those who wait for it.</summary>
    public void Settle(Exchange exchange)
    {
        if (exchange.Claim is not { } claim)
        {
            return;
        }

        exchange.Claim = null;
        var entry = EntryOf(exchange, claim);
        exchange.Response.StopRecording();
        if (entry is not null && cache.Store(entry, claim.Epoch))
        {
            _ = Interlocked.Increment(ref cache.CountsOf(entry.Route).Stores);
            if (claim.Question is { } question && !CallsTool(entry.Body))
            {
                semantic.Add(question, entry.Key);
            }
        }

        claim.Flight?.Land(entry);
    }

    /// <summary>However the exchange ended: nobody waits for it any more.</summary>
    public static void End(Exchange exchange)
    {
        if (exchange.Claim is not { } claim)
        {
            return;
        }

        exchange.Claim = null;
        exchange.Response.StopRecording();
        if (exchange.Outcome == ExchangeOutcome.Cancelled)
        {
            claim.Flight?.HandOver();
        }
        else
        {
            claim.Flight?.Land(entry: null);
        }
    }

    private ValueTask<Outcome?> FindFurtherAsync(Exchange exchange, CacheClaim claim, RequestCacheControl control, Func<Exchange, Task> runCopy)
    {
        var mayRead = !control.NoCache;
        if (mayRead && cache.MayBeOnDisk(claim.Key))
        {
            return FindOnDiskAsync(exchange, claim, control, runCopy);
        }

        return mayRead ? FindAlikeAsync(exchange, claim, control, runCopy) : control.OnlyIfCached ? Elsewhere(control) : Missed(exchange, claim);
    }

    private async ValueTask<Outcome?> FindOnDiskAsync(Exchange exchange, CacheClaim claim, RequestCacheControl control, Func<Exchange, Task> runCopy)
    {
        if (await cache.ReadAsync(claim.Key) is { } entry && control.Takes(entry, time.GetUtcNow()))
        {
            return await GiveAsync(exchange, entry, claim.Rule, runCopy, isShared: false);
        }

        return await FindAlikeAsync(exchange, claim, control, runCopy);
    }

    /// <summary>No answer to the same request is there; perhaps one to a question that means the same.</summary>
    private ValueTask<Outcome?> FindAlikeAsync(Exchange exchange, CacheClaim claim, RequestCacheControl control, Func<Exchange, Task> runCopy)
    {
        if (claim.Rule.Semantic is { } rule
            && SemanticPartition.Of(exchange.Operation, ExactKey.ScopeOf(exchange, random), exchange.Request.Body, rule.MaxTemperature) is { } query)
        {
            return FindAlikeAsync(exchange, claim, rule, query, control, runCopy);
        }

        return control.OnlyIfCached ? Elsewhere(control) : LeadOrFollowAsync(exchange, claim, control, runCopy);
    }

    private async ValueTask<Outcome?> FindAlikeAsync(
        Exchange exchange, CacheClaim claim, SemanticRule rule, SemanticQuery query, RequestCacheControl control, Func<Exchange, Task> runCopy)
    {
        var question = claim.Question = await semantic.AskAsync(exchange, rule, query);
        if (exchange.ClientLeft)
        {
            return Outcome.Continue;
        }

        if (semantic.Find(question) is { } match)
        {
            var now = time.GetUtcNow();
            if ((cache.Find(match.Key, now) ?? await cache.ReadAsync(match.Key)) is not { } entry)
            {
                semantic.Remove(question, match.Key);
            }
            else if (control.Takes(entry, now))
            {
                exchange.Response.Headers["x-gatehouse-cache-match"] = string.Create(
                    CultureInfo.InvariantCulture, $"{(rule.Embeddings is null ? "lexical" : "embeddings")}; similarity={match.Similarity:0.000}");
                return await GiveAsync(exchange, entry, claim.Rule, runCopy, isShared: false, CacheStatus.Semantic);
            }
        }

        return await (control.OnlyIfCached ? Elsewhere(control) : LeadOrFollowAsync(exchange, claim, control, runCopy));
    }

    /// <summary>To a target; unless the caller does not want that.</summary>
    private static ValueTask<Outcome?> Elsewhere(RequestCacheControl control) => control.OnlyIfCached ? new((Outcome?)new Outcome(NotCached)) : default;

    private ValueTask<Outcome?> LeadOrFollowAsync(Exchange exchange, CacheClaim claim, RequestCacheControl control, Func<Exchange, Task> runCopy)
    {
        var wait = exchange.Snapshot.Options.Cache.Wait;
        if (wait == TimeSpan.Zero)
        {
            return Missed(exchange, claim);
        }

        var (flight, leads) = _flights.Join(claim.Key);
        if (!leads)
        {
            return FollowAsync(exchange, claim, control, flight, wait, runCopy);
        }

        claim.Flight = flight;
        return Missed(exchange, claim);
    }

    private async ValueTask<Outcome?> FollowAsync(
        Exchange exchange, CacheClaim claim, RequestCacheControl control, AnswerFlights.Flight flight, TimeSpan wait, Func<Exchange, Task> runCopy)
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(exchange.Http.RequestAborted, exchange.GatewayEnded);
        // What it waits for is the provider's work, though for another exchange.
        exchange.Timings.UpstreamWaitBegins();
        var landing = await flight.FollowAsync(wait, givenUp.Token);
        exchange.Timings.UpstreamWaitEnds();
        claim.Flight = landing.Leads ? flight : null;
        if (exchange.ClientLeft)
        {
            if (landing.Leads)
            {
                flight.HandOver();
            }

            return Outcome.Continue;
        }

        return landing.Entry is { } entry && control.Takes(entry, time.GetUtcNow())
            ? await GiveAsync(exchange, entry, claim.Rule, runCopy, isShared: true)
            : await Missed(exchange, claim);
    }

    private ValueTask<Outcome?> Missed(Exchange exchange, CacheClaim claim)
    {
        exchange.Cache = CacheStatus.Miss;
        exchange.Claim = claim;
        exchange.Response.Record((int)claim.Rule.MaxEntry);
        _ = Interlocked.Increment(ref cache.CountsOf(exchange.Route!.Name ?? "").Misses);
        return default;
    }

    private async ValueTask<Outcome?> GiveAsync(Exchange exchange, CacheEntry entry, EffectiveCacheRule rule, Func<Exchange, Task> runCopy, bool isShared, CacheStatus status = CacheStatus.Hit)
    {
        exchange.Cache = status;
        exchange.SavedNanoUsd = entry.CostNanoUsd;
        exchange.Dropped = entry.Dropped;
        var counts = cache.CountsOf(exchange.Route!.Name ?? "");
        counts.Hit(entry.CostNanoUsd, isShared, status == CacheStatus.Semantic);
        if (rule.VerifyPercent > 0 && random.NextDouble() * 100 < rule.VerifyPercent)
        {
            Verify(exchange, entry, counts, runCopy);
        }

        exchange.Answer = new CachedAnswer(entry, time.GetUtcNow() - entry.StoredAt);
        return await exchange.Answer.RelayAsync(exchange);
    }

    /// <summary>Asks the target that gave the answer once more, and compares what it says now.</summary>
    private void Verify(Exchange exchange, CacheEntry entry, CacheCounts counts, Func<Exchange, Task> runCopy)
    {
        var targets = exchange.Route!.Targets;
        var target = targets.FirstOrDefault(leaf => string.Equals(leaf.Target.Name, entry.Target, StringComparison.Ordinal)) ?? targets[0];
        shadows.Send(exchange, target, async copy =>
        {
            copy.Response.Record(CacheVerification.MaxLength);
            await runCopy(copy);
            counts.Compared(copy.Outcome == ExchangeOutcome.Completed && copy.Response.Recorded is { } body
                ? CacheVerification.IsSame(exchange.Operation, entry, body) : null);
            copy.Response.StopRecording();
        });
    }

    private CacheEntry? EntryOf(Exchange exchange, CacheClaim claim)
    {
        var response = exchange.Response;
        if (exchange.Outcome != ExchangeOutcome.Completed || response.Status != StatusCodes.Status200OK || exchange.Target is null
            // A stream that was asked for and came as one body, or the other way round, is nothing that others should get.
            || response.IsEventStream != (exchange.Request.IsStream && !exchange.Request.IsJsonArray)
            || response.Headers.ContentEncoding.Count > 0 || TellsOfFailure(exchange.Facts.FinishReason) || response.Recorded is not { Length: > 0 } body)
        {
            return null;
        }

        var now = time.GetUtcNow();
        return new CacheEntry
        {
            Key = claim.Key,
            Body = body,
            ContentType = response.Headers.ContentType.ToString(),
            IsEventStream = response.IsEventStream,
            StoredAt = now,
            ExpiresAt = now + claim.Rule.Ttl,
            Route = exchange.Route!.Name ?? "",
            KeyId = exchange.Key!.Id,
            Model = exchange.Request.Model,
            Target = exchange.Target.Name,
            CostNanoUsd = exchange.CostNanoUsd,
            Dropped = exchange.Dropped,
        };
    }

    /// <summary>What a model wants to be done now is not for another question, as near as it may be. In the words of any dialect; to find them in a text is no harm.</summary>
    private static bool CallsTool(ReadOnlySpan<byte> body) =>
        Names(body, "\"tool_calls\""u8) || Names(body, "\"tool_use\""u8) || Names(body, "\"function_call\""u8) || Names(body, "\"functionCall\""u8);

    /// <summary>Many servers write the member into each answer, with null or an empty list where there is no call.</summary>
    private static bool Names(ReadOnlySpan<byte> body, ReadOnlySpan<byte> word)
    {
        while (body.IndexOf(word) is >= 0 and var at)
        {
            body = body[(at + word.Length)..];
            var value = body.TrimStart(" \t\r\n:"u8);
            if (!value.StartsWith("null"u8) && !(value.StartsWith("["u8) && value[1..].TrimStart(" \t\r\n"u8).StartsWith("]"u8)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reasons to stop that say that something went wrong: OpenRouter's and Zhipu's, Cohere's, Gemini's, that of the Responses API.</summary>
    private static bool TellsOfFailure(string? finishReason) => finishReason?.ToLowerInvariant() is
        "error" or "network_error" or "error_toxic" or "error_limit" or "user_cancel" or "malformed_function_call" or "unexpected_tool_call" or "failed" or "cancelled" or "other";
}
