using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

public sealed class BedrockUsageReaderTests
{
    public static TheoryData<string, string, Usage> Forms => new()
    {
        { "text", """{"inputTokens":9,"outputTokens":3,"totalTokens":12}""", new() { InputTokens = 9, OutputTokens = 3 } },
        {
            "the input excludes the cache; its counts have two names",
            """{"cacheDetails":[{"inputTokens":97,"ttl":"5m"},{"inputTokens":200,"ttl":"1h"}],"cacheReadInputTokenCount":2074,"cacheReadInputTokens":2074,"cacheWriteInputTokenCount":297,"cacheWriteInputTokens":297,"inputTokens":3,"outputTokens":61,"serverToolUsage":{},"totalTokens":2435}""",
            new() { InputTokens = 3, CacheReadTokens = 2074, CacheWriteTokens = 297, CacheWriteOneHourTokens = 200, OutputTokens = 61 }
        },
        {
            "the older names alone",
            """{"cacheReadInputTokenCount":5,"cacheWriteInputTokenCount":0,"inputTokens":3,"outputTokens":1}""",
            new() { InputTokens = 3, CacheReadTokens = 5, CacheWriteTokens = 0, OutputTokens = 1 }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Usage_is_read_into_exclusive_buckets(string form, string usage, Usage expected)
    {
        Assert.NotEmpty(form);
        Assert.Equal(expected, BedrockUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Theory]
    [MemberData(nameof(UsageNoise.Texts), MemberType = typeof(UsageNoise))]
    public void What_tells_nothing_is_null(string usage) => Assert.Null(BedrockUsageReader.Read(JsonElement.Parse(usage)));
}
