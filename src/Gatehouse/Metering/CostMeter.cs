using Gatehouse.Catalog;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>Step 8: what the exchange cost.</summary>
internal static class CostMeter
{
    /// <summary>Of an answer that tells nothing of tokens, as rerankings do.</summary>
    private static readonly Usage NotTold = new();

    /// <summary>Sets the cost of an exchange that has a target and was answered; it stays null when usage or price are not known.</summary>
    public static void Settle(Exchange exchange)
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
            exchange.CostNanoUsd = joined.Calls(exchange.Target!, exchange.Outcome == ExchangeOutcome.Completed)
                .Aggregate((long?)0, (sum, call) => sum + CostOf(exchange, call.Target, call.Usage));
        }
        else if ((exchange.Outcome == ExchangeOutcome.Completed ? exchange.Usage ?? NotTold : Delivered(exchange)) is { } usage
            && exchange.Target is { Model.Length: > 0 } target)
        {
            exchange.CostNanoUsd = CostOf(exchange, target, usage);
        }

        AddGivenUp(exchange);
    }

    /// <summary>
    /// An attempt that was given up has told nothing of its usage. Its provider had the same input as the one that was used and, as far as can be
    /// known, charges for it; it is counted as read in full, for its caches are others.
    /// </summary>
    private static void AddGivenUp(Exchange exchange)
    {
        for (var i = 0; i < exchange.Attempts.Count; i++)
        {
            if (exchange.Attempts[i].GivenUp is { } target && exchange.Usage is { InputTokens: { } input } usage)
            {
                var cost = CostOf(exchange, target, new Usage { InputTokens = input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0) });
                exchange.Attempts[i] = exchange.Attempts[i] with { CostNanoUsd = cost };
                exchange.CostNanoUsd += cost;
            }
        }
    }

    private static long? CostOf(Exchange exchange, Target target, Usage usage) =>
        exchange.Snapshot.Catalog.PriceOf(target.Provider.Name, target.Provider.Entry.Kind, target.Model) is { } price
            ? CostCalculator.Calculate(usage, price, exchange.ServiceTier, exchange.StartedAt)?.NanoUsd
            : null;

    /// <summary>
    /// Of an answer that broke off: what its provider had told by then is the beginning of a count (Anthropic says one token of output at the
    /// start), so the text that was delivered counts where it is more, at about four bytes a token.
    /// </summary>
    private static Usage? Delivered(Exchange exchange)
    {
        const int BytesPerToken = 4;
        return exchange.Usage is { } usage && exchange.Operation.IsChat && exchange.Facts.TextBytes > 0
            ? usage with { OutputTokens = Math.Max(usage.OutputTokens ?? 0, (exchange.Facts.TextBytes + BytesPerToken - 1) / BytesPerToken) }
            : exchange.Usage;
    }

    /// <summary>OpenAI's, Anthropic's, Bedrock's and Google's words; what is not known is charged as standard.</summary>
    private static ServiceTier TierOf(string? word) => word?.ToLowerInvariant() switch
    {
        "batch" => ServiceTier.Batch,
        "flex" => ServiceTier.Flex,
        "priority" => ServiceTier.Priority,
        _ => ServiceTier.Standard,
    };
}
