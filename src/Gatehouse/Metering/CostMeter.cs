using Gatehouse.Catalog;
using Gatehouse.Metering.Sizes;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>Step 8: what the exchange cost, attempt by attempt. What a provider did not report is made of what was delivered, and said to be estimated.</summary>
internal sealed class CostMeter(InputScale scale)
{
    /// <summary>Of generated text, about, over the common tokenizers and English text.</summary>
    public const int BytesPerToken = 4;

    private const int None = -1;

    /// <summary>Of an answer that tells nothing of tokens, as rerankings do.</summary>
    private static readonly Usage NotTold = new();

    /// <summary>Sets the cost of an exchange that has a target and was answered; it stays null when the price is not known.</summary>
    public void Settle(Exchange exchange)
    {
        if (exchange.Cache is CacheStatus.Hit or CacheStatus.Semantic)
        {
            exchange.CostNanoUsd = 0;
            return;
        }

        exchange.ServiceTier = TierOf(exchange.Facts.ServiceTier);
        if (exchange.Operation.CountsTokens)
        {
            // No provider charges for counting.
            exchange.CostNanoUsd = exchange.Outcome == ExchangeOutcome.Completed ? 0 : null;
            return;
        }

        if (exchange.Joined is { Continuations: > 0 } joined)
        {
            // Each call at its own target's price; not known when one of them is not.
            exchange.SettledUsage = exchange.Usage;
            exchange.CostNanoUsd = 0;
            AddOthers(exchange, used: None);
            foreach (var call in joined.Calls(exchange))
            {
                exchange.CostNanoUsd += Attribute(exchange, call.Attempt, CostOf(exchange, call.Target, call.Usage));
            }
        }
        else if (UsageOf(exchange) is { } usage && exchange.Target is { Model.Length: > 0 } target)
        {
            exchange.SettledUsage = usage;
            var own = CostOf(exchange, target, usage);
            exchange.CostNanoUsd = own;
            if (own is null)
            {
                // Of a whole of which a part is not known nothing is known.
                return;
            }

            exchange.PromptCacheSavedNanoUsd = PriceOf(exchange, target) is { } price
                ? PromptCacheSavings.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)
                : null;
            AddOthers(exchange, used: exchange.Attempts.Count - 1);
            _ = Attribute(exchange, exchange.Attempts.Count - 1, own);
        }
        else
        {
            AddOthers(exchange, used: None);
        }
    }

    /// <summary>The answer of the last attempt is taken back, as another one is made: what it has told or delivered until now is to be paid all the same.</summary>
    public void TakeBack(Exchange exchange)
    {
        if ((exchange.Facts.HasContent || exchange.Usage is not null) && exchange.Attempts is [.., var attempt] && exchange.Target is { Model.Length: > 0 } target)
        {
            exchange.ServiceTier = TierOf(exchange.Facts.ServiceTier);
            exchange.Attempts[^1] = attempt with { CostNanoUsd = CostOf(exchange, target, Delivered(exchange)) };
        }
    }

    /// <summary>Tokens that a request is likely to be counted as, at the target it went to.</summary>
    public long InputOf(Exchange exchange) => scale.Tokens(exchange.Model, exchange.InputEstimate, exchange is { HasTraits: true, Traits.UsesTools: true });

    /// <returns>Null where nothing is known to have been used.</returns>
    private Usage? UsageOf(Exchange exchange)
    {
        if (exchange.Outcome == ExchangeOutcome.Completed)
        {
            return exchange.Usage ?? (MeasuresText(exchange.Operation) ? Delivered(exchange) : NotTold);
        }

        // An attempt that nobody waited for to the end: its provider has the input, and is likely to charge for it.
        var isLeft = (exchange is { Outcome: ExchangeOutcome.Cancelled, Answer: null, Attempts: [.., { Status: null }] }
            or { Outcome: ExchangeOutcome.Cancelled, Answer: not null, Attempts: [.., { Status: < 300 }] }) && MeasuresText(exchange.Operation);
        return exchange.Usage is not null || exchange.Facts.HasContent || isLeft ? Delivered(exchange) : null;
    }

    private static bool MeasuresText(Operation operation) => operation.IsChat || operation.IsEmbedding || operation == Operation.Completion;

    /// <summary>
    /// Of an answer that broke off: what its provider had told by then is the beginning of a count (Anthropic says one token of output at the
    /// start), so the text that was delivered counts where it is more. Where it told nothing, the input is estimated.
    /// </summary>
    private Usage Delivered(Exchange exchange)
    {
        var told = exchange.Usage;
        if (told is not null && !MeasuresText(exchange.Operation))
        {
            return told;
        }

        var delivered = (exchange.Facts.TextBytes + BytesPerToken - 1) / BytesPerToken;
        if (told?.InputTokens is not null && (told.OutputTokens ?? 0) >= delivered)
        {
            return told;
        }

        exchange.IsCostEstimated = true;
        return (told ?? NotTold) with
        {
            InputTokens = told?.InputTokens ?? InputOf(exchange),
            OutputTokens = Math.Max(told?.OutputTokens ?? 0, exchange.Operation.IsEmbedding ? 0 : delivered),
        };
    }

    /// <summary>Says what an attempt cost, where there are several: of one alone the row says it.</summary>
    private static long? Attribute(Exchange exchange, int attempt, long? cost)
    {
        if (exchange.Attempts.Count > 1)
        {
            exchange.Attempts[attempt] = exchange.Attempts[attempt] with { CostNanoUsd = cost };
        }

        return cost;
    }

    /// <summary>What was paid for attempts whose answers were not used.</summary>
    /// <param name="used">The attempt whose answer was used, as far as it came: what is known of it has been added.</param>
    private void AddOthers(Exchange exchange, int used)
    {
        for (var i = 0; i < exchange.Attempts.Count; i++)
        {
            if (i != used && exchange.Attempts[i] is { GivenUp: null, CostNanoUsd: { } paid })
            {
                exchange.CostNanoUsd = (exchange.CostNanoUsd ?? 0) + paid;
            }
        }

        AddGivenUp(exchange);
    }

    /// <summary>
    /// One that was given up has told nothing of its usage: its provider had the same input as the one that was used and, as far as can be
    /// known, charges for it; it is counted as read in full, for its caches are others.
    /// </summary>
    private void AddGivenUp(Exchange exchange)
    {
        for (var i = 0; i < exchange.Attempts.Count; i++)
        {
            if (exchange.Attempts[i] is { GivenUp: { } target } attempt)
            {
                var cost = CostOf(exchange, target, new Usage { InputTokens = WholeInputOf(exchange) });
                exchange.Attempts[i] = attempt with { CostNanoUsd = cost };
                // Where nothing else is known to have been used, this is all.
                exchange.CostNanoUsd = exchange.SettledUsage is null ? (exchange.CostNanoUsd ?? 0) + cost : exchange.CostNanoUsd + cost;
            }
        }
    }

    /// <summary>Whether it came from a cache or not; estimated where nobody has told it.</summary>
    private long WholeInputOf(Exchange exchange)
    {
        if (exchange.SettledUsage is { InputTokens: { } input } usage)
        {
            return input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0);
        }

        exchange.IsCostEstimated = true;
        return InputOf(exchange);
    }

    private static long? CostOf(Exchange exchange, Target target, Usage usage) => PriceOf(exchange, target) is { } price
        ? CostCalculator.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)?.NanoUsd
        : null;

    private static ModelPrice? PriceOf(Exchange exchange, Target target) =>
        exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model);

    /// <summary>OpenAI's, Anthropic's, Bedrock's and Google's words; what is not known is charged as standard.</summary>
    public static ServiceTier TierOf(string? word) => word?.ToLowerInvariant() switch
    {
        "batch" => ServiceTier.Batch,
        "flex" => ServiceTier.Flex,
        "priority" => ServiceTier.Priority,
        _ => ServiceTier.Standard,
    };
}
