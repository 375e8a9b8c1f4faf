using Gatehouse.Catalog;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Tests.Catalog;

/// <summary>What providers' caches saved, by the prices of the catalogue and by hand.</summary>
public sealed class PromptCacheSavingsTests
{
    private const string Sonnet = "anthropic/claude-sonnet-4-5";

    private static readonly DateTimeOffset At = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string, Usage, long?> Savings => new()
    {
        // 3 USD uncached, 0.30 read, 3.75 written, 6 written for an hour
        { "a hit", Sonnet, new() { InputTokens = 50, CacheReadTokens = 10_000, CacheWriteTokens = 0, OutputTokens = 900 }, 10_000 * 2700L },
        { "a first request", Sonnet, new() { InputTokens = 50, CacheReadTokens = 0, CacheWriteTokens = 2000 }, 2000 * -750L },
        { "a growing conversation", Sonnet, new() { InputTokens = 3, CacheReadTokens = 10_000, CacheWriteTokens = 2000 }, 27_000_000 - 1_500_000 },
        { "written for an hour", Sonnet, new() { InputTokens = 3, CacheWriteTokens = 1500, CacheWriteOneHourTokens = 1000 }, (500 * -750L) - (1000 * 3000L) },
        { "more for an hour than at all", Sonnet, new() { InputTokens = 3, CacheWriteTokens = 10, CacheWriteOneHourTokens = 99 }, 10 * -3000L },
        // above 200,000 tokens of input, cached ones too: 6, 0.60, 7.50 and 12 USD
        { "long, by what is cached", Sonnet, new() { InputTokens = 1, CacheReadTokens = 200_000 }, 200_000 * 5400L },
        { "long, and written", Sonnet, new() { InputTokens = 1, CacheWriteTokens = 200_000, CacheWriteOneHourTokens = 200_000 }, 200_000 * -6000L },
        { "not long yet", Sonnet, new() { InputTokens = 0, CacheReadTokens = 200_000 }, 200_000 * 2700L },
        // 1.25 USD and 0.125
        { "a cache that is written for nothing", "openai/gpt-5", new() { InputTokens = 7, CacheReadTokens = 1024 }, 1_152_000 },
        { "nothing read, nothing written", Sonnet, new() { InputTokens = 7, CacheReadTokens = 0, CacheWriteTokens = 0 }, 0 },
        { "no cache is told of", Sonnet, new() { InputTokens = 7, OutputTokens = 5 }, null },
        { "no input is told of", Sonnet, new() { CacheReadTokens = 7 }, null },
        { "a report that cannot be right", Sonnet, new() { InputTokens = 7, CacheReadTokens = (1L << 53) - 1 }, null },
        { "the largest of all reports", Sonnet, new() { InputTokens = long.MaxValue, CacheReadTokens = long.MaxValue, CacheWriteTokens = long.MaxValue }, null },
    };

    [Theory]
    [MemberData(nameof(Savings))]
    public void Reads_save_and_writes_cost(string name, string model, Usage usage, long? nanoUsd)
    {
        Assert.NotEmpty(name);
        Assert.Equal(nanoUsd, PromptCacheSavings.Calculate(usage, Price(model), ServiceTier.Standard, At));
    }

    [Fact]
    public void Each_tier_saves_by_its_own_prices()
    {
        // 0.625 and 0.0625 USD: a token saves 562.5 nano-USD
        Assert.Equal(563, PromptCacheSavings.Calculate(new() { InputTokens = 0, CacheReadTokens = 1 }, Price("openai/gpt-5"), ServiceTier.Flex, At));
        Assert.Equal(1125, PromptCacheSavings.Calculate(new() { InputTokens = 0, CacheReadTokens = 2 }, Price("openai/gpt-5"), ServiceTier.Flex, At));
        // Without a price for reads in batches they are charged as input: nothing is saved that is known of.
        Assert.Equal(0, PromptCacheSavings.Calculate(new() { InputTokens = 0, CacheReadTokens = 1000 }, Price(Sonnet), ServiceTier.Batch, At));
        Assert.Null(PromptCacheSavings.Calculate(new() { InputTokens = 0, CacheReadTokens = 1000 }, Price(Sonnet), ServiceTier.Priority, At));
    }

    [Fact]
    public void Audio_saves_by_the_price_of_audio()
    {
        var price = Price(("input", 4), ("cache_read", 0.4m), ("audio_input", 40), ("audio_cache_read", 2.5m));

        Assert.Equal((90 * 3600L) + (10 * 37_500L), PromptCacheSavings.Calculate(new() { InputTokens = 5, CacheReadTokens = 100, AudioCacheReadTokens = 10 }, price, ServiceTier.Standard, At));
    }

    [Fact]
    public void What_would_be_dearer_by_an_unknown_amount_makes_the_savings_unknown()
    {
        var price = Price(("input", 3), ("cache_write", 3.75m));

        Assert.Null(PromptCacheSavings.Calculate(new() { InputTokens = 5, CacheWriteTokens = 100, CacheWriteOneHourTokens = 1 }, price, ServiceTier.Standard, At));
        Assert.Equal(-75_000, PromptCacheSavings.Calculate(new() { InputTokens = 5, CacheWriteTokens = 100, CacheWriteOneHourTokens = 0 }, price, ServiceTier.Standard, At));
    }

    [Fact]
    public void Savings_are_the_difference_to_what_the_same_input_costs_uncached()
    {
        var usage = new Usage { InputTokens = 123, CacheReadTokens = 45_678, CacheWriteTokens = 910, CacheWriteOneHourTokens = 11, OutputTokens = 12 };
        var uncached = new Usage { InputTokens = 123 + 45_678 + 910, OutputTokens = 12 };
        var price = Price(Sonnet);

        Assert.Equal(
            CostCalculator.Calculate(uncached, price, ServiceTier.Standard, At)!.Value.NanoUsd - CostCalculator.Calculate(usage, price, ServiceTier.Standard, At)!.Value.NanoUsd,
            PromptCacheSavings.Calculate(usage, price, ServiceTier.Standard, At));
    }

    private static ModelPrice Price(string model) => ModelPrice.Of(CatalogFile.Embedded.All().Single(entry => entry.Id == model))!;

    private static ModelPrice Price(params (string Kind, decimal Usd)[] prices) =>
        ModelPrice.Of(new CatalogEntry("a/m") { Prices = [.. prices.Select(price => new CatalogPrice(PriceKey.Parse(price.Kind)!.Value, price.Usd, "s"))] })!;
}
