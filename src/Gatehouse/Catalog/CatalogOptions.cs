using Gatehouse.Configuration.Binding;

namespace Gatehouse.Catalog;

[KeyDoc("What you know better than the built-in catalogue of models and prices. See [catalog.md](catalog.md).")]
internal sealed record CatalogOptions
{
    [KeyDoc("By `provider/model`, with the provider's name in this file and the model's name as the provider takes it.")]
    public IReadOnlyDictionary<string, CatalogModelOptions> Models { get; set; } = new Dictionary<string, CatalogModelOptions>(StringComparer.Ordinal);
}

/// <summary>Prices that replace those of the catalogue; of one block, those not named stay.</summary>
internal abstract record CatalogPriceOptions
{
    [KeyDoc("USD per million tokens of input, neither read from nor written to a cache.")]
    public decimal? InputUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of output.")]
    public decimal? OutputUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens read from a cache.")]
    public decimal? CacheReadUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens written to a cache.")]
    public decimal? CacheWriteUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens written to a cache for one hour (Anthropic).")]
    public decimal? CacheWriteOneHourUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of reasoning.", Default = "as output")]
    public decimal? ReasoningUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of audio in the input.", Default = "as input")]
    public decimal? AudioInputUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of audio read from a cache.", Default = "as other reads")]
    public decimal? AudioCacheReadUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of audio in the output.", Default = "as output")]
    public decimal? AudioOutputUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of images in the input.", Default = "as input")]
    public decimal? ImageInputUsdPerMtok { get; set; }

    [KeyDoc("USD per million tokens of images in the output.", Default = "as output")]
    public decimal? ImageOutputUsdPerMtok { get; set; }

    [KeyDoc("USD for each search that the provider runs.")]
    public decimal? WebSearchUsd { get; set; }

    [KeyDoc("USD for each request, beside its tokens.")]
    public decimal? RequestUsd { get; set; }

    /// <summary>The prices that are written down.</summary>
    public IEnumerable<(PriceKind Kind, decimal Usd)> Written()
    {
        (PriceKind, decimal?)[] all =
        [
            (PriceKind.Input, InputUsdPerMtok), (PriceKind.Output, OutputUsdPerMtok), (PriceKind.CacheRead, CacheReadUsdPerMtok),
            (PriceKind.CacheWrite, CacheWriteUsdPerMtok), (PriceKind.CacheWriteOneHour, CacheWriteOneHourUsdPerMtok),
            (PriceKind.Reasoning, ReasoningUsdPerMtok), (PriceKind.AudioInput, AudioInputUsdPerMtok), (PriceKind.AudioCacheRead, AudioCacheReadUsdPerMtok),
            (PriceKind.AudioOutput, AudioOutputUsdPerMtok), (PriceKind.ImageInput, ImageInputUsdPerMtok), (PriceKind.ImageOutput, ImageOutputUsdPerMtok),
            (PriceKind.WebSearch, WebSearchUsd), (PriceKind.Request, RequestUsd),
        ];
        return all.Where(price => price.Item2 is not null).Select(price => (price.Item1, price.Item2!.Value));
    }
}

[KeyDoc("A model. A price that is named replaces the catalogue's, for long inputs and from later days on too; what is not named stays as in the catalogue.")]
internal sealed record CatalogModelOptions : CatalogPriceOptions
{
    [KeyDoc("The model of the catalogue that this one is, as `kind/model`: for deployments and profiles with names of your own.", Default = "found by its name")]
    public string? As { get; set; }

    [KeyDoc("Tokens of input that it takes.")]
    public int? ContextWindow { get; set; }

    [KeyDoc("Tokens of output that it gives.")]
    public int? MaxOutputTokens { get; set; }

    [KeyDoc("What it can do, such as `tools`, `vision`, `reasoning`.", Default = "as the catalogue has it")]
    public IReadOnlyList<string>? Capabilities { get; set; }

    [KeyDoc("Prices of requests whose input is long.")]
    public CatalogLongInputOptions? LongInput { get; set; }

    [KeyDoc("Prices of the provider's batches.")]
    public CatalogTierOptions? Batch { get; set; }

    [KeyDoc("Prices of the service tier `flex`.")]
    public CatalogTierOptions? Flex { get; set; }

    [KeyDoc("Prices of the service tier `priority`.")]
    public CatalogTierOptions? Priority { get; set; }
}

[KeyDoc("Prices of a request whose input is longer than a number of tokens, for all of it.")]
internal sealed record CatalogLongInputOptions : CatalogPriceOptions
{
    [KeyDoc("Tokens of input, cached ones included.")]
    public int AboveTokens { get; set; }
}

[KeyDoc("Prices of a service tier. What is not named there and is priced in no other way for this tier is charged as the input or output that it is a part of.")]
internal sealed record CatalogTierOptions : CatalogPriceOptions;
