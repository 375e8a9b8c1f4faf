using System.Text;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Catalog.Build;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary>The data file that is built into the program.</summary>
public sealed class CatalogFileTests
{
    private static readonly CatalogFile File = CatalogFile.Embedded;

    [Fact]
    public void It_is_what_the_sources_make_and_so_is_the_report()
    {
        var files = SharedData.Read("prices.tar.gz");
        var models = CatalogBuilder.Merge(name => new MemoryStream(files.Single(file => file.Key.EndsWith("/" + name, StringComparison.Ordinal)).Value));

        var folder = Path.Combine(Repository.Root, "src", "Gatehouse", "Catalog");
        Assert.Equal(System.IO.File.ReadAllBytes(Path.Combine(folder, "catalog.json")), CatalogWriter.Write(models));
        Assert.Equal(System.IO.File.ReadAllText(Path.Combine(Repository.Root, "docs", "catalog-disagreements.md")), DisagreementReport.Write(models));
    }

    [Fact]
    public void It_has_more_than_3000_priced_models_each_price_with_source_and_day()
    {
        var sources = File.Sources.ToDictionary(source => source.Id, StringComparer.Ordinal);
        var entries = File.All().ToArray();

        Assert.Equal(File.Count, entries.Length);
        Assert.True(entries.Count(entry => entry.Prices.Count > 0) > 3000);
        Assert.All(entries.SelectMany(entry => entry.Prices.Concat(entry.Later.SelectMany(period => period.Prices))), price =>
            Assert.Matches("^2026-[0-9]{2}-[0-9]{2}$", sources[price.Source].AsOf));
        Assert.All(entries, entry => Assert.Equal(entry.Prices.Count > 0, entry.Agreement is not null));
    }

    [Fact]
    public void Nothing_is_free_by_mistake() => Assert.All(
        File.All().Where(entry => entry.Prices.Any(price => price.Usd == 0)),
        entry => Assert.True(entry.Id.EndsWith(":free", StringComparison.Ordinal) || entry.Agreement == "agreed", entry.Id));

    [Fact]
    public void Every_model_is_found_by_its_name_in_any_case()
    {
        var entries = File.All().ToArray();

        Assert.Equal(entries.Length, entries.Select(entry => entry.Id.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(entries, entry =>
        {
            Assert.Equal(entry.Id, File.Find(entry.Id)?.Id);
            Assert.Equal(entry.Id, File.Find(entry.Id.ToUpperInvariant())?.Id);
            Assert.Equal(entry.Id, ModelNames.Find(File, entry.Provider, entry.Model)?.Id);
        });
    }

    [Fact]
    public void The_models_of_a_provider_are_those_with_its_name()
    {
        var expected = File.All().Where(entry => entry.Provider == "zai").Select(entry => entry.Id);

        Assert.Equal(expected, File.StartingWith("zai/").Select(entry => entry.Id), StringComparer.Ordinal);
        Assert.Empty(File.StartingWith("nobody/"));
        Assert.Empty(File.StartingWith("zzzzz"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1,2]")]
    [InlineData("""{"schema":2,"revision":"r","sources":{},"models":[]}""")]
    [InlineData("""{"schema":1,"revision":"r","sources":{},"models":[]}""")]
    public void Another_file_is_refused(string text) => Assert.ThrowsAny<JsonException>(() => CatalogFile.Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("input", PriceKind.Input, 0, ServiceTier.Standard)]
    [InlineData("cache_write_1h>200000@priority", PriceKind.CacheWriteOneHour, 200000, ServiceTier.Priority)]
    [InlineData("output@batch", PriceKind.Output, 0, ServiceTier.Batch)]
    public void Names_of_prices_are_read_as_they_are_written(string text, object kind, int above, object tier)
    {
        var key = new PriceKey((PriceKind)kind, above, (ServiceTier)tier);

        Assert.Equal(text, key.ToString());
        Assert.Equal(key, PriceKey.Parse(text));
    }

    [Theory]
    [InlineData("inputs")]
    [InlineData("input@nobody")]
    [InlineData("input>x")]
    [InlineData("")]
    public void What_names_no_price_is_none(string text) => Assert.Null(PriceKey.Parse(text));
}
