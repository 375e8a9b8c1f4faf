using System.Security.Cryptography;
using System.Text;
using Gatehouse.Caching;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

public sealed class MemoryTierTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_never_takes_more_than_its_limit_and_hands_on_what_goes_out()
    {
        var random = new SeededRandom(3);
        var evicted = new List<CacheEntry>();
        var tier = new MemoryTier(evicted.Add);
        tier.Configure(100_000);
        for (var i = 0; i < 2000; i++)
        {
            var name = $"{random.Next(300)}";
            if (tier.Find(KeyOf(name), Now) is null)
            {
                tier.Add(Entry(name, random.Next(1, 8000)));
            }

            Assert.InRange(tier.Bytes, 0, 100_000);
            Assert.Equal(tier.Entries.Sum(entry => entry.Size), tier.Bytes);
        }

        Assert.NotEmpty(evicted);
        Assert.InRange(tier.Evictions, evicted.Count, long.MaxValue);
    }

    [Fact]
    public void What_is_asked_for_again_and_again_outlives_a_run_of_what_is_asked_for_once()
    {
        var tier = new MemoryTier(_ => { });
        tier.Configure(100_000);
        for (var i = 0; i < 10; i++)
        {
            tier.Add(Entry($"hot {i}", 1000));
        }

        for (var i = 0; i < 5000; i++)
        {
            tier.Add(Entry($"once {i}", 1000));
            for (var hot = 0; hot < 10; hot++)
            {
                Assert.NotNull(tier.Find(KeyOf($"hot {hot}"), Now));
            }
        }
    }

    [Fact]
    public void An_entry_takes_the_place_of_the_one_before()
    {
        var tier = new MemoryTier(_ => { });
        tier.Configure(100_000);
        for (var i = 0; i < 1000; i++)
        {
            tier.Add(Entry("a", 1000 + i));
        }

        Assert.Equal(1, tier.Count);
        Assert.Equal(1999, tier.Find(KeyOf("a"), Now)!.Body.Length);
        Assert.Equal(0, tier.Evictions);
    }

    [Fact]
    public void What_is_larger_than_all_of_it_passes_through()
    {
        var evicted = new List<CacheEntry>();
        var tier = new MemoryTier(evicted.Add);
        tier.Configure(10_000);
        tier.Add(Entry("small", 1000));
        tier.Add(Entry("large", 20_000));

        Assert.Equal("large", Assert.Single(evicted).Model);
        Assert.NotNull(tier.Find(KeyOf("small"), Now));
    }

    [Fact]
    public void What_is_not_good_any_more_is_not_found_and_takes_no_room()
    {
        var tier = new MemoryTier(_ => { });
        tier.Configure(10_000);
        tier.Add(Entry("a", 1000));

        Assert.NotNull(tier.Find(KeyOf("a"), Now + TimeSpan.FromMinutes(9)));
        Assert.Null(tier.Find(KeyOf("a"), Now + TimeSpan.FromMinutes(10)));
        Assert.Equal((0, 0L), (tier.Count, tier.Bytes));
    }

    [Fact]
    public void A_smaller_limit_holds_at_once_and_what_is_removed_is_gone()
    {
        var tier = new MemoryTier(_ => { });
        tier.Configure(100_000);
        for (var i = 0; i < 50; i++)
        {
            tier.Add(Entry($"{i}", 1000));
        }

        tier.Configure(20_000);
        Assert.InRange(tier.Bytes, 1, 20_000);
        Assert.Equal(tier.Count, tier.Remove(_ => true) + tier.Count);
        Assert.Equal(0, tier.Bytes);
    }

    internal static CacheKey KeyOf(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    /// <summary>Good for ten minutes; its model is its name.</summary>
    internal static CacheEntry Entry(string name, int length, string route = "r", string key = "key_1", DateTimeOffset? at = null) => new()
    {
        Key = KeyOf(name),
        Body = new byte[length],
        ContentType = "application/json",
        IsEventStream = false,
        StoredAt = at ?? Now,
        ExpiresAt = (at ?? Now) + TimeSpan.FromMinutes(10),
        Route = route,
        KeyId = key,
        Model = name,
        Target = "mock/gpt",
        CostNanoUsd = 5,
        Dropped = ["seed"],
    };
}
