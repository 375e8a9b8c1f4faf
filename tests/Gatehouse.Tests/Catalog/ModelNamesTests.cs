using Gatehouse.Catalog;

namespace Gatehouse.Tests.Catalog;

/// <summary>By which names a model is found, and that it never is by another model's.</summary>
public sealed class ModelNamesTests
{
    private static readonly CatalogFile File = CatalogFile.Embedded;

    private static readonly string[] Endings = ["-mini", "-nano", "-pro", "-preview", "2", "-turbo", "x"];

    [Theory]
    [InlineData("openai", "gpt-4o", "openai/gpt-4o")]
    [InlineData("openai", "gpt-4o-mini", "openai/gpt-4o-mini")]
    [InlineData("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13")]
    [InlineData("openai", "gpt-4o-2099-01-01", "openai/gpt-4o")]
    [InlineData("openai", "ft:gpt-4o-mini-2024-07-18:my-org::abc", "openai/ft:gpt-4o-mini-2024-07-18")]
    [InlineData("anthropic", "claude-sonnet-4-6-20990101", "anthropic/claude-sonnet-4-6")]
    [InlineData("anthropic", "claude-sonnet-4-6-latest", "anthropic/claude-sonnet-4-6")]
    [InlineData("azure-openai", "gpt-35-turbo-16k", "azure-openai/gpt-35-turbo-16k")]
    [InlineData("azure-openai", "claude-haiku-4-5-20251001", "azure-ai/claude-haiku-4-5-20251001")]
    [InlineData("azure-ai", "o4-mini-2025-04-16", "azure-ai/o4-mini-2025-04-16")]
    [InlineData("gemini", "models/gemini-2.5-pro", "gemini/gemini-2.5-pro")]
    [InlineData("gemini", "gemini-2.5-pro-002", "gemini/gemini-2.5-pro")]
    [InlineData("vertex", "publishers/anthropic/models/claude-sonnet-4-6@default", "vertex/claude-sonnet-4-6")]
    [InlineData("vertex", "google/gemini-2.5-pro", "vertex/gemini-2.5-pro")]
    [InlineData("vertex", "claude-sonnet-4-5@20250929", "vertex/claude-sonnet-4-5@20250929")]
    [InlineData("bedrock", "us.anthropic.claude-sonnet-4-6", "bedrock/us.anthropic.claude-sonnet-4-6")]
    [InlineData("bedrock", "us.anthropic.claude-opus-5-v1:0", "bedrock/us.anthropic.claude-opus-5-v1")]
    [InlineData("bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6", "bedrock/us.anthropic.claude-sonnet-4-6")]
    [InlineData("bedrock", "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0", "bedrock/amazon.titan-embed-text-v2:0")]
    [InlineData("bedrock", "jp.amazon.nova-micro-v1:0", "bedrock/amazon.nova-micro-v1:0")]
    [InlineData("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o")]
    [InlineData("fireworks", "code-llama-13b", "fireworks/accounts/fireworks/models/code-llama-13b")]
    [InlineData("together", "QWEN/qwen2.5-7b-instruct-turbo", "together/Qwen/Qwen2.5-7B-Instruct-Turbo")]
    public void A_model_is_found_by_the_names_that_its_provider_takes(string kind, string model, string id) =>
        Assert.Equal(id, ModelNames.Find(File, kind, model)?.Id, ignoreCase: true);

    [Theory]
    [InlineData("openai", "gpt-4o-mini-2")]
    [InlineData("openai", "gpt-4o-nano")]
    [InlineData("openai", "gpt-4")]
    [InlineData("openai", "gpt-5-turbo")]
    [InlineData("openai", "gpt-")]
    [InlineData("openai", "")]
    [InlineData("openai", "2024-05-13")]
    [InlineData("openai", "-latest")]
    [InlineData("openai", "gpt-4o-2024-05-13-mini")]
    [InlineData("openai", "openai/gpt-4o")]
    [InlineData("openai", "ft:")]
    [InlineData("openai", "ft:my-own:x")]
    [InlineData("openrouter", "openai/gpt-4o:nitro")]
    [InlineData("openrouter", "openai/gpt-4o-mini:free")]
    [InlineData("openrouter", "gpt-4o")]
    [InlineData("bedrock", "anthropic.claude-sonnet-4")]
    [InlineData("bedrock", "us-gov.anthropic.claude-fable-5")]
    [InlineData("bedrock", "amazon.titan-embed-text")]
    [InlineData("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef")]
    [InlineData("mistral", "mistral-large-9912")]
    [InlineData("azure-openai", "my-deployment")]
    [InlineData("openai-compatible", "gpt-4o")]
    [InlineData("sandbox", "echo")]
    public void A_name_that_is_not_a_models_finds_nothing(string kind, string model)
    {
        var found = ModelNames.Find(File, kind, model);

        // Some of these may be models one day; then by this very name.
        Assert.True(found is null || found.Id == $"{kind}/{model}", found?.Id);
    }

    [Fact]
    public void No_model_has_the_price_of_one_whose_name_it_only_begins_with()
    {
        var names = File.All().Select(entry => entry.Id.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in File.All())
        {
            foreach (var longer in Endings.Select(end => entry.Model + end))
            {
                var found = ModelNames.Find(File, entry.Provider, longer);
                Assert.True(found is null || names.Contains($"{entry.Provider}/{longer}".ToLowerInvariant()) || IsSpelling(longer, found.Model), $"{entry.Provider}/{longer} is taken for {found?.Id}");
            }
        }
    }

    /// <summary>The same name in another spelling: nothing but dates, versions and prefixes differs.</summary>
    private static bool IsSpelling(string name, string found)
    {
        return Core(name).Equals(Core(found), StringComparison.OrdinalIgnoreCase);

        static string Core(string text) => System.Text.RegularExpressions.Regex.Replace(
            text.Replace("gpt-35", "gpt-3.5", StringComparison.Ordinal), "^(us|eu|apac|jp|au|ca|in)[.]|^(google|anthropic)/|^accounts/fireworks/models/|[-@](20[0-9]{2}-?[0-9]{2}-?[0-9]{2}|latest|00[0-9])$|(-v1)?(:0)?$", "",
            System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
    }
}
