using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;

namespace Gatehouse.Caching.Semantic;

/// <summary>How near a question must be to one that was answered.</summary>
/// <param name="Embeddings">Makes the vectors; null for the lexical index.</param>
/// <param name="Threshold">Least cosine of two vectors.</param>
/// <param name="MaxTemperature">Above it answers are meant to differ.</param>
internal sealed record SemanticRule(Target? Embeddings, float Threshold, double MaxTemperature)
{
    private const decimal DefaultThreshold = 0.95m;
    private const decimal DefaultTemperature = 1m;

    /// <param name="targetOf">The target that a text names, or null after a mistake at a path.</param>
    /// <returns>Null where nothing is written.</returns>
    public static SemanticRule? Compile(SemanticCacheOptions? options, string path, ConfigurationErrors errors, Func<string, string, Target?> targetOf)
    {
        if (options is null)
        {
            return null;
        }

        if (options.Threshold is < 0.5m or > 1)
        {
            errors.Add($"{path}.threshold", "must be from 0.5 to 1: what is less alike has another meaning");
        }

        if (options.Threshold is not null && options.Embeddings.Length == 0)
        {
            errors.Add($"{path}.threshold", "belongs to embeddings: the lexical index takes only what says the same");
        }

        if (options.MaxTemperature is < 0 or > 2)
        {
            errors.Add($"{path}.max_temperature", "must be from 0 to 2");
        }

        var target = options.Embeddings.Length == 0 ? null : targetOf(options.Embeddings, $"{path}.embeddings");
        return new SemanticRule(target, (float)(options.Threshold ?? DefaultThreshold), (double)(options.MaxTemperature ?? DefaultTemperature));
    }
}

[KeyDoc("Answers to questions that mean the same: all of the conversation but the last text of the user is equal, and that is nearly so. Never for requests with images, called tools, or a temperature above the bound. See [caching.md](caching.md).")]
internal sealed record SemanticCacheOptions
{
    [KeyDoc("The `provider/model` that makes vectors of texts.", Default = "none: a lexical index finds texts that differ in nothing but words without a meaning")]
    public string Embeddings { get; set; } = "";

    [KeyDoc("With `embeddings`: how near two texts must be, as a cosine from 0.5 to 1.", Default = "`0.95`")]
    public decimal? Threshold { get; set; }

    [KeyDoc("A request with a higher temperature is always answered anew. One that names none has 1, the default of the APIs.", Default = "`1`")]
    public decimal? MaxTemperature { get; set; }
}
