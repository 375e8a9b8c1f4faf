using Gatehouse.Catalog;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Tests.Catalog;

/// <summary>Usage times price.</summary>
public sealed class CostCalculatorTests
{
    private static readonly DateTimeOffset At = new(2026, 8, 31, 23, 59, 59, TimeSpan.Zero);

    private static readonly CatalogEntry Full = Entry(
        ("input", 3), ("output", 15), ("cache_read", 0.3m), ("cache_write", 3.75m), ("cache_write_1h", 6), ("reasoning", 20), ("audio_input", 40),
        ("audio_cache_read", 2.5m), ("audio_output", 80), ("image_input", 10), ("image_output", 60), ("web_search", 0.01m), ("request", 0.005m),
        ("input>200000", 6), ("output>200000", 22.5m), ("input@batch", 1.5m), ("output@batch", 7.5m));

    public static TheoryData<string, Usage, long?> Costs => new()
    {
        { "input and output", new() { InputTokens = 1000, OutputTokens = 100 }, 3_000_000 + 1_500_000 + 5_000_000 },
        {
            "each bucket at its own rate", new() { InputTokens = 10, CacheReadTokens = 1000, CacheWriteTokens = 300, CacheWriteOneHourTokens = 100 },
            (10 * 3000) + (1000 * 300) + (200 * 3750) + (100 * 6000) + 5_000_000
        },
        { "reasoning is a part of the output", new() { InputTokens = 0, OutputTokens = 100, ReasoningTokens = 90 }, (10 * 15000) + (90 * 20000) + 5_000_000 },
        {
            "audio and images", new() { InputTokens = 100, AudioInputTokens = 10, ImageInputTokens = 20, CacheReadTokens = 50, AudioCacheReadTokens = 5, OutputTokens = 40, AudioOutputTokens = 10, ImageOutputTokens = 30 },
            (70 * 3000) + (10 * 40000) + (20 * 10000) + (45 * 300) + (5 * 2500) + (10 * 80000) + (30 * 60000) + 5_000_000
        },
        { "searches", new() { InputTokens = 0, OutputTokens = 0, WebSearchCalls = 3 }, 30_000_000 + 5_000_000 },
        { "at the threshold the short rate holds", new() { InputTokens = 1, CacheReadTokens = 199_999 }, 3000 + (199_999 * 300) + 5_000_000 },
        { "above it all of the request has the long one", new() { InputTokens = 2, CacheReadTokens = 199_999, OutputTokens = 1 }, (2 * 6000) + (199_999 * 300) + 22_500 + 5_000_000 },
        { "parts that are more than the whole", new() { InputTokens = 10, AudioInputTokens = 99, OutputTokens = 5, ReasoningTokens = 99 }, (10 * 40000) + (5 * 20000) + 5_000_000 },
        { "no input reported", new() { OutputTokens = 5 }, null },
        { "nothing reported", new(), null },
        { "a report that cannot be right", new() { InputTokens = (1L << 53) - 1 }, null },
    };

    [Theory]
    [MemberData(nameof(Costs))]
    public void Every_kind_of_token_has_its_rate(string name, Usage usage, long? nanoUsd)
    {
        Assert.NotEmpty(name);
        Assert.Equal(nanoUsd, Cost(Full, usage));
    }

    [Fact]
    public void No_count_and_no_price_are_too_large_to_be_multiplied()
    {
        const long Most = (1L << 53) - 1;
        var highest = Entry(("input", 1_000_000), ("output", 1_000_000), ("web_search", 1_000_000), ("request", 1_000_000));

        Assert.Null(Cost(highest, new Usage { InputTokens = Most, CacheReadTokens = Most, CacheWriteTokens = Most, OutputTokens = Most, WebSearchCalls = Most }));
        Assert.Null(Cost(highest, new Usage { InputTokens = long.MaxValue, CacheReadTokens = long.MaxValue, OutputTokens = long.MaxValue, WebSearchCalls = long.MaxValue }));
    }

    [Fact]
    public void A_part_without_a_price_of_its_own_is_charged_as_the_whole()
    {
        var plain = Entry(("input", 2), ("output", 4));

        Assert.Equal(
            (10 * 2000) + (5 * 4000),
            Cost(plain, new() { InputTokens = 4, AudioInputTokens = 1, ImageInputTokens = 1, CacheReadTokens = 3, AudioCacheReadTokens = 1, CacheWriteTokens = 3, OutputTokens = 5, ReasoningTokens = 1, AudioOutputTokens = 1, ImageOutputTokens = 1 }));
    }

    [Fact]
    public void What_would_be_dearer_by_an_unknown_amount_makes_the_cost_unknown()
    {
        var plain = Entry(("input", 2), ("output", 4), ("cache_write", 2.5m));

        Assert.Null(Cost(plain, new() { InputTokens = 1, OutputTokens = 1, WebSearchCalls = 1 }));
        Assert.Null(Cost(plain, new() { InputTokens = 1, OutputTokens = 1, CacheWriteTokens = 2, CacheWriteOneHourTokens = 1 }));
        Assert.Equal(6000 + 2500, Cost(plain, new() { InputTokens = 1, OutputTokens = 1, CacheWriteTokens = 1, CacheWriteOneHourTokens = 0, WebSearchCalls = 0 }));
    }

    [Fact]
    public void Output_without_a_price_is_unknown_and_not_free()
    {
        var embedding = Entry(("input", 2));

        Assert.Null(Cost(embedding, new() { InputTokens = 1, OutputTokens = 1 }));
        Assert.Equal(2000, Cost(embedding, new() { InputTokens = 1, OutputTokens = 0 }));
        Assert.Equal(2000, Cost(embedding, new() { InputTokens = 1 }));
    }

    [Fact]
    public void What_is_sold_by_the_request_needs_no_tokens()
    {
        Assert.Equal(2_000_000, Cost(Entry(("request", 0.002m)), new()));
        Assert.Null(Cost(Entry(("request", 0.002m), ("input", 1)), new()));
    }

    [Fact]
    public void A_model_that_is_free_costs_nothing_and_one_without_a_price_is_unknown()
    {
        Assert.Equal(0, Cost(Entry(("input", 0), ("output", 0)), new() { InputTokens = 1, OutputTokens = 1 }));
        Assert.Null(ModelPrice.Of(Entry()));
        Assert.Null(ModelPrice.Of(Entry(("image", 0.04m))));
    }

    [Theory]
    [InlineData(0.0004, 1, 0)]
    [InlineData(0.0005, 1, 1)]
    [InlineData(0.0005, 3, 2)]
    [InlineData(0.0004, 3, 1)]
    [InlineData(0.0001, 10, 1)]
    public void The_sum_is_rounded_once_and_halves_away_from_zero(double usdPerMillion, long tokens, long nanoUsd) =>
        Assert.Equal(nanoUsd, Cost(Entry(("input", (decimal)usdPerMillion)), new() { InputTokens = tokens }));

    [Fact]
    public void A_tier_has_its_own_prices_or_none()
    {
        var price = ModelPrice.Of(Full)!;
        var usage = new Usage { InputTokens = 1000, CacheReadTokens = 1000, OutputTokens = 100 };

        Assert.Equal((2000 * 1500) + (100 * 7500) + 5_000_000, CostCalculator.Calculate(usage, price, ServiceTier.Batch, At)!.Value.NanoUsd);
        Assert.Null(CostCalculator.Calculate(usage, price, ServiceTier.Priority, At));
    }

    [Fact]
    public void A_price_changes_on_its_day()
    {
        var entry = Entry(("input", 2), ("output", 10)) with { Later = [(new DateOnly(2026, 9, 1), [new CatalogPrice(new PriceKey(PriceKind.Input), 3, "s")])] };
        var usage = new Usage { InputTokens = 1, OutputTokens = 1 };

        Assert.Equal(12_000, Cost(entry, usage));
        Assert.Equal(13_000, CostCalculator.Calculate(usage, ModelPrice.Of(entry)!, ServiceTier.Standard, At.AddSeconds(1))!.Value.NanoUsd);
    }

    [Fact]
    public void Every_model_of_the_catalogue_can_be_compiled() => Assert.All(CatalogFile.Embedded.All(), entry =>
    {
        if (ModelPrice.Of(entry) is { } price && CostCalculator.Calculate(new Usage { InputTokens = 1_000_000 }, price, ServiceTier.Standard, At) is { } cost)
        {
            Assert.InRange(cost.NanoUsd!.Value, 0, 1_000_000_000_000);
        }
    });

    [Fact]
    public void Nothing_is_allocated_for_a_cost()
    {
        var catalog = CatalogCompiler.Compile(new CatalogOptions(), [], new("test"));
        var usage = new Usage { InputTokens = 1000, CacheReadTokens = 10, OutputTokens = 100 };
        _ = Repeat();

        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = Repeat();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        long Repeat()
        {
            long sum = 0;
            for (var i = 0; i < 1000; i++)
            {
                sum += Settle()!.Value;
            }

            return sum;
        }

        long? Settle() => CostCalculator.Calculate(usage, catalog.PriceOf("openai", "openai", "gpt-5")!, ServiceTier.Standard, At)?.NanoUsd;
    }

    private static long? Cost(CatalogEntry entry, Usage usage) => CostCalculator.Calculate(usage, ModelPrice.Of(entry)!, ServiceTier.Standard, At)?.NanoUsd;

    private static CatalogEntry Entry(params (string Key, decimal Usd)[] prices) =>
        new("kind/model") { Prices = [.. prices.Select(price => new CatalogPrice(PriceKey.Parse(price.Key)!.Value, price.Usd, "s"))] };
}
