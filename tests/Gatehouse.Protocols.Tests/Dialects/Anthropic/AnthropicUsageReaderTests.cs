using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

public sealed class AnthropicUsageReaderTests
{
    public static TheoryData<string, string, Usage> Forms => new()
    {
        {
            "a message with everything",
            """{"input_tokens":12,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":150},"output_tokens":40,"output_tokens_details":{"thinking_tokens":30},"server_tool_use":{"web_search_requests":2,"web_fetch_requests":1},"service_tier":"standard"}""",
            new() { InputTokens = 12, CacheReadTokens = 3000, CacheWriteTokens = 200, CacheWriteOneHourTokens = 150, OutputTokens = 40, ReasoningTokens = 30, WebSearchCalls = 2 }
        },
        { "without a cache", """{"input_tokens":12,"output_tokens":40}""", new() { InputTokens = 12, OutputTokens = 40 } },
        { "the last event of a stream", """{"output_tokens":15}""", new() { OutputTokens = 15 } },
        {
            "writes by life alone",
            """{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":5},"output_tokens":2}""",
            new() { InputTokens = 1, CacheWriteTokens = 9, CacheWriteOneHourTokens = 5, OutputTokens = 2 }
        },
        {
            "compaction is billed and not in the top-level counts",
            """{"input_tokens":220,"output_tokens":8,"cache_read_input_tokens":0,"iterations":[{"type":"compaction","input_tokens":55196,"output_tokens":125,"cache_read_input_tokens":7},{"type":"message","input_tokens":220,"output_tokens":8}]}""",
            new() { InputTokens = 55416, CacheReadTokens = 7, OutputTokens = 133 }
        },
        {
            "another model's iterations have another price",
            """{"input_tokens":2390,"output_tokens":121,"iterations":[{"type":"message","input_tokens":1128,"output_tokens":110},{"type":"advisor_message","model":"claude-opus-4-8","input_tokens":2518,"output_tokens":22},{"type":"message","input_tokens":1262,"output_tokens":11}]}""",
            new() { InputTokens = 2390, OutputTokens = 121 }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Usage_is_read_into_exclusive_buckets(string form, string usage, Usage expected)
    {
        Assert.NotEmpty(form);
        Assert.Equal(expected, AnthropicUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Theory]
    [MemberData(nameof(UsageNoise.Texts), MemberType = typeof(UsageNoise))]
    public void What_tells_nothing_is_null(string usage) => Assert.Null(AnthropicUsageReader.Read(JsonElement.Parse(usage)));
}
