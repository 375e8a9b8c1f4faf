using System.Collections.Frozen;
using Gatehouse.Catalog;

namespace Gatehouse.Tests.Catalog;

public sealed class ModelFactsTests
{
    private static readonly ModelCatalog Catalog = new(CatalogFile.Embedded, FrozenDictionary<string, CatalogModelOptions>.Empty, "");

    [Theory]
    [InlineData("vertex", "claude-haiku-4-5", 64_000L, true)]
    [InlineData("vertex", "claude-haiku-4-5@20251001", 64_000L, true)]
    [InlineData("bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", 64_000L, true)]
    [InlineData("anthropic", "claude-haiku-4-5", 64_000L, true)]
    [InlineData("openai", "gpt-4o", 16_384L, false)]
    [InlineData("anthropic", "claude-3-7-sonnet-latest", null, null)]
    [InlineData("openai", "no-such-model", null, null)]
    public void Knows_limits_and_thoughts(string kind, string model, long? maxOutput, bool? reasoning)
    {
        var facts = new ModelFacts(Catalog, kind, kind, model);

        Assert.Equal(maxOutput, facts.MaxOutput);
        Assert.Equal(reasoning, facts.Reasoning);
    }
}
