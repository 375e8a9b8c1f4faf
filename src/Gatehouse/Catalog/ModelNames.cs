using System.Text.RegularExpressions;

namespace Gatehouse.Catalog;

/// <summary>
/// Finds a model by the name that a provider takes, which is not always the one in the data file. Only spellings that name the same model
/// are tried; nothing is matched by its beginning. docs/catalog.md lists them.
/// </summary>
internal static partial class ModelNames
{
    private static readonly string[] BedrockGeographies = ["us.", "eu.", "apac.", "jp.", "au.", "ca.", "in."];

    /// <param name="kind">Kind of the provider.</param>
    /// <param name="model">The provider's own name of the model.</param>
    public static CatalogEntry? Find(CatalogFile file, string kind, string model)
    {
        var spellings = Spellings(kind, model).Distinct(StringComparer.OrdinalIgnoreCase).SelectMany(name => ProvidersOf(kind).Select(provider => $"{provider}/{name}")).ToArray();
        return First(spellings) ?? First(spellings.Select(name => WithoutDate(kind, name)).OfType<string>())
            ?? spellings.Select(name => Dated(file, name)).FirstOrDefault(entry => entry is not null);

        CatalogEntry? First(IEnumerable<string> names) => names.Select(file.Find).FirstOrDefault(entry => entry is not null);
    }

    /// <summary>Azure OpenAI and Azure AI Foundry serve the same deployments.</summary>
    private static string[] ProvidersOf(string kind) => kind switch
    {
        "azure-openai" => ["azure-openai", "azure-ai"],
        "azure-ai" => ["azure-ai", "azure-openai"],
        _ => [kind],
    };

    private static IEnumerable<string> Spellings(string kind, string model)
    {
        yield return model;
        switch (kind)
        {
            case "openai" when model.StartsWith("ft:", StringComparison.Ordinal) && model.IndexOf(':', 3) is > 0 and var end:
                // ft:gpt-4o-mini-2024-07-18:my-org::id
                yield return model[..end];
                break;
            case "azure-openai" or "azure-ai":
                yield return model.Replace("gpt-35", "gpt-3.5", StringComparison.Ordinal);
                break;
            case "gemini" when model.StartsWith("models/", StringComparison.Ordinal):
                yield return model["models/".Length..];
                break;
            case "fireworks":
                const string Account = "accounts/fireworks/models/";
                yield return model.StartsWith(Account, StringComparison.Ordinal) ? model[Account.Length..] : Account + model;
                break;
            case "vertex":
                foreach (var name in VertexSpellings(model))
                {
                    yield return name;
                }

                break;
            case "bedrock":
                foreach (var name in BedrockSpellings(model))
                {
                    yield return name;
                }

                break;
        }
    }

    /// <summary><c>publishers/anthropic/models/claude-opus-4@20250514</c>, <c>google/gemini-2.5-pro</c>, <c>claude-opus-4-8@default</c></summary>
    private static IEnumerable<string> VertexSpellings(string model)
    {
        const string Models = "models/";
        if (model.LastIndexOf(Models, StringComparison.Ordinal) is >= 0 and var at)
        {
            model = model[(at + Models.Length)..];
            yield return model;
        }

        if (model.EndsWith("@default", StringComparison.Ordinal) || model.EndsWith("@latest", StringComparison.Ordinal))
        {
            model = model[..model.LastIndexOf('@')];
            yield return model;
        }

        if (model.StartsWith("google/", StringComparison.Ordinal) || model.StartsWith("anthropic/", StringComparison.Ordinal))
        {
            yield return model[(model.IndexOf('/', StringComparison.Ordinal) + 1)..];
        }
    }

    /// <summary>
    /// <c>arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-...-v1:0</c>. An inference profile of a geography costs what the
    /// model costs in a region of it; a global one may cost less, and one of GovCloud more, so those two are only matched as they are.
    /// </summary>
    private static IEnumerable<string> BedrockSpellings(string model)
    {
        if (model.StartsWith("arn:", StringComparison.Ordinal))
        {
            model = model[(model.LastIndexOf('/') + 1)..];
        }

        var names = new List<string> { model };
        if (Array.Find(BedrockGeographies, prefix => model.StartsWith(prefix, StringComparison.Ordinal)) is { } geography)
        {
            names.Add(model[geography.Length..]);
        }

        foreach (var name in names)
        {
            yield return name;
            yield return name.EndsWith(":0", StringComparison.Ordinal) ? name[..^2] : name + ":0";
            if (name.Contains("anthropic.claude", StringComparison.Ordinal))
            {
                var bare = AnthropicVersion().Replace(name, "");
                yield return bare;
                yield return bare + "-v1";
                yield return bare + "-v1:0";
            }
        }
    }

    /// <summary>A dated version of a model that is not known by its date is the model; <c>-latest</c> and Google's <c>-001</c> likewise.</summary>
    private static string? WithoutDate(string kind, string name)
    {
        var suffix = Date().Match(name);
        return suffix.Success ? name[..suffix.Index]
            : kind is "gemini" or "vertex" && GoogleVersion().Match(name) is { Success: true } version ? name[..version.Index]
            : null;
    }

    /// <summary>A name without a date is the newest of the dated ones, if all of them have the same prices.</summary>
    private static CatalogEntry? Dated(CatalogFile file, string name)
    {
        var dated = file.NamesStartingWith(name + "-").Concat(file.NamesStartingWith(name + "@"))
            .Where(id => Date().Match(id, name.Length) is { Success: true } date && date.Index == name.Length)
            .Select(id => file.Find(id)!)
            .ToArray();
        return dated.Length > 0 && Array.TrueForAll(dated, entry => HaveSamePrices(entry, dated[0])) ? dated[^1] : null;
    }

    private static bool HaveSamePrices(CatalogEntry a, CatalogEntry b) =>
        a.Prices.Select(price => (price.Key, price.Usd)).Where(IsBasic).ToHashSet().SetEquals(b.Prices.Select(price => (price.Key, price.Usd)).Where(IsBasic));

    private static bool IsBasic((PriceKey Key, decimal Usd) price) => price.Key is { Above: 0, Tier: ServiceTier.Standard, Kind: PriceKind.Input or PriceKind.Output };

    [GeneratedRegex("[-@](20[0-9]{2}-?[01][0-9]-?[0-3][0-9]|latest)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Date();

    [GeneratedRegex("-00[0-9]$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GoogleVersion();

    [GeneratedRegex("-v1(:0)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AnthropicVersion();
}
