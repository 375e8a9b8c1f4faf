using System.Text.Json;

namespace Gatehouse.Catalog;

/// <param name="Usd">USD per million tokens, or each: <see cref="PriceKinds.IsPerToken"/>.</param>
/// <param name="Source">Id of the source; see <see cref="CatalogFile.Sources"/>. <c>gatehouse.yaml</c> for an override.</param>
internal sealed record CatalogPrice(PriceKey Key, decimal Usd, string Source);

/// <summary>What the catalogue knows of one model.</summary>
/// <param name="Id"><c>provider/model</c>: the kind of the provider, and its own name of the model.</param>
internal sealed record CatalogEntry(string Id)
{
    /// <summary>chat, responses, completion, embedding, rerank, image, transcription, speech, ...</summary>
    public string? Mode { get; init; }

    /// <summary>Tokens of input.</summary>
    public long? Context { get; init; }

    /// <summary>Tokens.</summary>
    public long? MaxOutput { get; init; }

    public IReadOnlyList<string> Input { get; init; } = [];

    public IReadOnlyList<string> Output { get; init; } = [];

    /// <summary>tools, vision, reasoning, ...</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>The day after which the provider does not serve it any more.</summary>
    public string? Deprecated { get; init; }

    public IReadOnlyList<CatalogPrice> Prices { get; init; } = [];

    /// <summary>Prices that hold from a day on, those not named staying as they are.</summary>
    public IReadOnlyList<(DateOnly From, IReadOnlyList<CatalogPrice> Prices)> Later { get; init; } = [];

    /// <summary>agreed, majority, single or disputed; null without a price. See docs/catalog.md.</summary>
    public string? Agreement { get; init; }

    /// <summary>The provider's page on its prices, where a source names it.</summary>
    public string? Page { get; init; }

    public string Provider => Id[..Id.IndexOf('/', StringComparison.Ordinal)];

    public string Model => Id[(Id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <param name="line">One model of the data file.</param>
    /// <exception cref="JsonException">The line is not of this schema.</exception>
    public static CatalogEntry Parse(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var model = document.RootElement;
        return new CatalogEntry(Text(model, "id") ?? throw new JsonException("A model has no id."))
        {
            Mode = Text(model, "mode"),
            Context = Number(model, "context"),
            MaxOutput = Number(model, "max_output"),
            Input = Texts(model, "input"),
            Output = Texts(model, "output"),
            Capabilities = Texts(model, "can"),
            Deprecated = Text(model, "deprecated"),
            Prices = model.TryGetProperty("prices", out var prices) ? PricesOf(prices) : [],
            Later = model.TryGetProperty("later", out var later)
                ? [.. later.EnumerateObject().Select(period => (DateOnly.ParseExact(period.Name, "yyyy-MM-dd"), PricesOf(period.Value)))]
                : [],
            Agreement = Text(model, "agreement"),
            Page = Text(model, "page"),
        };
    }

    private static IReadOnlyList<CatalogPrice> PricesOf(JsonElement bySource) =>
    [
        .. bySource.EnumerateObject().SelectMany(source => source.Value.EnumerateObject().Select(price => new CatalogPrice(
            PriceKey.Parse(price.Name) ?? throw new JsonException($"'{price.Name}' is not a price that this program knows."), price.Value.GetDecimal(), source.Name))),
    ];

    private static string? Text(JsonElement model, string name) => model.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long? Number(JsonElement model, string name) => model.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static IReadOnlyList<string> Texts(JsonElement model, string name) =>
        model.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(item => item.GetString()!)] : [];
}
