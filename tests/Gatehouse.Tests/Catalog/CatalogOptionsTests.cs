using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary>What the configuration knows better than the data file.</summary>
public sealed class CatalogOptionsTests : IDisposable
{
    private static readonly Usage Million = new() { InputTokens = 1_000_000 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_price_that_is_named_replaces_the_catalogues_and_the_others_stay()
    {
        var catalog = Compile("""{ "openai/gpt-5.4": { input_usd_per_mtok: 1.00, cache_read_usd_per_mtok: 0.10 } }""");

        Assert.Equal(1, Usd(catalog, new() { InputTokens = 100_000 }) * 10);
        // For long inputs too, where the catalogue has a higher price.
        Assert.Equal(1, Usd(catalog, Million));
        Assert.Equal(0.1m, Usd(catalog, new() { InputTokens = 0, CacheReadTokens = 1_000_000 }));
        Assert.Equal(15, Usd(catalog, new() { InputTokens = 0, OutputTokens = 1_000_000 }));
        Assert.Null(catalog.Find("openai", "openai", "gpt-5.4")!.Agreement);
        Assert.Equal("agreed", catalog.Find("openai", "openai", "gpt-5.4-mini")!.Agreement);
    }

    [Fact]
    public void Long_inputs_and_tiers_have_prices_of_their_own()
    {
        var catalog = Compile("""
            { "mock/m": { input_usd_per_mtok: 1, output_usd_per_mtok: 2, long_input: { above_tokens: 1000, input_usd_per_mtok: 3 },
                batch: { input_usd_per_mtok: 0.5 }, flex: { input_usd_per_mtok: 0.7 }, priority: { input_usd_per_mtok: 9 } } }
            """);

        Assert.Equal(0.001m, Usd(catalog, new() { InputTokens = 1000 }, "mock", "m"));
        Assert.Equal(3, Usd(catalog, Million, "mock", "m"));
        Assert.Equal(0.5m, Usd(catalog, Million, "mock", "m", ServiceTier.Batch));
        Assert.Equal(0.7m, Usd(catalog, Million, "mock", "m", ServiceTier.Flex));
        Assert.Equal(9, Usd(catalog, Million, "mock", "m", ServiceTier.Priority));
    }

    [Fact]
    public void A_deployment_with_a_name_of_its_own_is_the_model_that_it_is_said_to_be()
    {
        var catalog = Compile("""{ "mock/my-deployment": { as: openai/gpt-4o, context_window: 1000, max_output_tokens: 10, capabilities: [tools] } }""");
        var entry = catalog.Find("mock", "openai-compatible", "my-deployment")!;

        Assert.Equal(2.5m, Usd(catalog, Million, "mock", "my-deployment"));
        Assert.Equal((1000, 10, "tools"), (entry.Context, entry.MaxOutput, Assert.Single(entry.Capabilities)));
        Assert.Null(catalog.PriceOf("mock", "openai-compatible", "another-deployment"));
    }

    [Fact]
    public void A_price_of_nothing_is_a_price() =>
        Assert.Equal(0, Usd(Compile("""{ "mock/m": { input_usd_per_mtok: 0 } }"""), Million, "mock", "m"));

    [Fact]
    public void What_clients_invent_is_not_remembered_for_ever()
    {
        var catalog = Compile("{}");
        for (var i = 0; i < 20_000; i++)
        {
            Assert.Null(catalog.PriceOf("openai", "openai", $"invented-{i}"));
        }

        var remembered = catalog.Remembered;
        Assert.Null(catalog.PriceOf("openai", "openai", new string('x', 1 << 20)));
        Assert.Equal(remembered, catalog.Remembered);
        Assert.NotNull(catalog.PriceOf("openai", "openai", "gpt-4o"));
        Assert.True(catalog.Remembered <= 10_000);
    }

    [Theory]
    [InlineData("""{ "m": {} }""", "'m' is not provider/model (catalog.models.m, gatehouse.yaml:4)")]
    [InlineData("""{ "opnai/m": {} }""", "there is no provider 'opnai'; did you mean 'openai'?")]
    [InlineData("""{ "mock/m": { input_usd_per_mtok: -1 } }""", "the price of input must be from 0 to 1000000 USD (catalog.models.mock/m, gatehouse.yaml:4)")]
    [InlineData("""{ "mock/m": { input_usd_per_mtok: cheap } }""", "'cheap' is not a number")]
    [InlineData("""{ "mock/m": { input_usd_per_mtok: 1e20 } }""", "the price of input must be from 0 to 1000000 USD")]
    [InlineData("""{ "mock/m": { batch: { output_usd_per_mtok: 2000000 } } }""", "the price of output must be from 0 to 1000000 USD (catalog.models.mock/m.batch")]
    [InlineData("""{ "mock/m": { long_input: { input_usd_per_mtok: 1 } } }""", "must be at least 1 (catalog.models.mock/m.long_input.above_tokens")]
    [InlineData("""{ "mock/m": { as: openai/gtp-4o } }""", "'openai/gtp-4o' is not in the catalogue")]
    [InlineData("""{ "mock/m": { input_usd_per_tok: 1 } }""", "unknown key 'input_usd_per_tok'; did you mean 'input_usd_per_mtok'?")]
    public void A_mistake_is_told_with_its_key(string models, string message) =>
        Assert.Contains(message, Assert.Single(Load(models).Errors.Messages), StringComparison.Ordinal);

    private static decimal? Usd(ModelCatalog catalog, Usage usage, string provider = "openai", string model = "gpt-5.4", ServiceTier tier = ServiceTier.Standard) =>
        CostCalculator.Calculate(usage, catalog.PriceOf(provider, provider == "mock" ? "openai-compatible" : provider, model)!, tier, DateTimeOffset.UnixEpoch)!.Value.NanoUsd / 1e9m;

    private ModelCatalog Compile(string models)
    {
        var loaded = Load(models);
        Assert.Empty(loaded.Errors.Messages);
        return CatalogCompiler.Compile(loaded.Options.Catalog, loaded.Options.Providers.Keys.ToArray(), loaded.Errors);
    }

    private LoadedConfiguration Load(string models)
    {
        var file = Path.Combine(_folder.Path, "gatehouse.yaml");
        File.WriteAllText(file, $$"""
            providers:
              openai: { api_key: k }
              mock: { kind: openai-compatible, base_url: "http://127.0.0.1:1" }
            catalog: { models: {{models.ReplaceLineEndings(" ")}} }
            """);
        var loaded = new ConfigurationLoader(new StartOptions(file), _ => null).Load();
        _ = new SnapshotCompiler(loaded.Errors, TimeProvider.System, new Random(1), _ => null).Compile(loaded.Options, [], previous: null);
        return loaded;
    }
}
