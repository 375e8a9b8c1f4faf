using Gatehouse.Tests.Routing.Strategies;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Routing.Probes;

/// <summary>Every provider's list of models is where its own documentation has it.</summary>
public sealed class ModelListTests
{
    [Theory]
    [InlineData("Openai", "https://api.openai.com/v1", "https://api.openai.com/v1/models")]
    [InlineData("Anthropic", "https://api.anthropic.com", "https://api.anthropic.com/v1/models?limit=1")]
    [InlineData("Anthropic", "https://proxy.example/v1", "https://proxy.example/v1/models?limit=1")]
    [InlineData("Gemini", "https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1")]
    [InlineData("Vertex", "https://us-central1-aiplatform.googleapis.com", "https://us-central1-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1")]
    [InlineData("Cohere", "https://api.cohere.com", "https://api.cohere.com/v1/models?page_size=1")]
    [InlineData("Ollama", "http://localhost:11434", "http://localhost:11434/api/tags")]
    [InlineData("Bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com", "https://bedrock.us-east-1.amazonaws.com/foundation-models")]
    [InlineData("Bedrock", "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", null)]
    public void A_list_has_an_address(string dialect, string baseUrl, string? expected)
    {
        var provider = TestRoute.Target("p/m").Target.Provider with { Dialect = Enum.Parse<ProviderDialect>(dialect), BaseUrl = baseUrl };

        Assert.Equal(expected, UpstreamPaths.OfModelList(provider)?.AbsoluteUri);
    }

    [Theory]
    [InlineData(null, "https://x.openai.azure.com/openai/v1/models")]
    [InlineData("2024-10-21", "https://x.openai.azure.com/openai/models?api-version=2024-10-21")]
    public void Azure_has_two(string? version, string expected)
    {
        var provider = TestRoute.Target("p/m").Target.Provider;
        provider = provider with { BaseUrl = "https://x.openai.azure.com", ApiVersion = version, Entry = ProviderTable.Entries["azure-openai"] };

        Assert.Equal(expected, UpstreamPaths.OfModelList(provider)!.AbsoluteUri);
    }
}
