using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;

namespace Gatehouse.Protocols.Tests.Dialects.Cohere;

public sealed class CohereUsageReaderTests
{
    public static TheoryData<string, string, Usage> Forms => new()
    {
        {
            "what is billed counts, not what the model saw",
            """{"billed_units":{"input_tokens":41,"output_tokens":28},"tokens":{"input_tokens":1442,"output_tokens":29,"reasoning_tokens":12},"cached_tokens":1040}""",
            new() { InputTokens = 41, OutputTokens = 28, ReasoningTokens = 12 }
        },
        {
            "images are in the bill, and told of among the tokens",
            """{"billed_units":{"input_tokens":267,"output_tokens":52},"tokens":{"input_tokens":34,"output_tokens":56,"reasoning_tokens":0,"image_tokens":259},"cached_tokens":0}""",
            new() { InputTokens = 267, OutputTokens = 52, ReasoningTokens = 0, ImageInputTokens = 259 }
        },
        {
            "without a bill, what the model saw, which includes the cache",
            """{"tokens":{"input_tokens":1442,"output_tokens":29},"cached_tokens":1040}""",
            new() { InputTokens = 402, CacheReadTokens = 1040, OutputTokens = 29 }
        },
        {
            "an embedding",
            """{"api_version":{"version":"2"},"billed_units":{"input_tokens":7,"image_tokens":300}}""",
            new() { InputTokens = 307, ImageInputTokens = 300 }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Usage_is_read_into_exclusive_buckets(string form, string usage, Usage expected)
    {
        Assert.NotEmpty(form);
        Assert.Equal(expected, CohereUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Fact]
    public void A_reranking_counts_searches_and_no_tokens() =>
        Assert.Null(CohereUsageReader.Read(JsonElement.Parse("""{"api_version":{"version":"2"},"billed_units":{"search_units":1}}""")));

    [Theory]
    [MemberData(nameof(UsageNoise.Texts), MemberType = typeof(UsageNoise))]
    public void What_tells_nothing_is_null(string usage) => Assert.Null(CohereUsageReader.Read(JsonElement.Parse(usage)));
}
