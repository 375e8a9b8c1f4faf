using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

/// <summary>The forms in which providers report usage, as seen in recorded traffic, and what the buckets are.</summary>
public sealed class OpenAiUsageTests
{
    public static TheoryData<string, string, Usage> Forms => new()
    {
        {
            "OpenAI chat",
            """{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":80,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":7,"accepted_prediction_tokens":1,"rejected_prediction_tokens":2}}""",
            new() { InputTokens = 20, CacheReadTokens = 80, OutputTokens = 50, ReasoningTokens = 30, AudioInputTokens = 5, AudioOutputTokens = 7 }
        },
        {
            "OpenAI chat without details",
            """{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}""",
            new() { InputTokens = 9, OutputTokens = 12 }
        },
        {
            "OpenAI chat with details that are null",
            """{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"prompt_tokens_details":null,"completion_tokens_details":null}""",
            new() { InputTokens = 9, OutputTokens = 12 }
        },
        {
            "OpenAI responses",
            """{"input_tokens":75,"input_tokens_details":{"cached_tokens":64},"output_tokens":1186,"output_tokens_details":{"reasoning_tokens":1024},"total_tokens":1261}""",
            new() { InputTokens = 11, CacheReadTokens = 64, OutputTokens = 1186, ReasoningTokens = 1024 }
        },
        {
            "OpenAI embeddings",
            """{"prompt_tokens":8,"total_tokens":8}""",
            new() { InputTokens = 8 }
        },
        {
            "DeepSeek",
            """{"prompt_tokens":300,"completion_tokens":10,"total_tokens":310,"prompt_tokens_details":{"cached_tokens":256},"prompt_cache_hit_tokens":256,"prompt_cache_miss_tokens":44}""",
            new() { InputTokens = 44, CacheReadTokens = 256, OutputTokens = 10 }
        },
        {
            "DeepSeek, its own fields alone",
            """{"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":44,"prompt_tokens":44,"completion_tokens":10,"total_tokens":54}""",
            new() { InputTokens = 44, CacheReadTokens = 0, OutputTokens = 10 }
        },
        {
            "Moonshot",
            """{"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"cached_tokens":20}""",
            new() { InputTokens = 30, CacheReadTokens = 20, OutputTokens = 5 }
        },
        {
            "Mistral",
            """{"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"num_cached_tokens":48,"prompt_tokens_details":{"cached_tokens":48}}""",
            new() { InputTokens = 2, CacheReadTokens = 48, OutputTokens = 5 }
        },
        {
            "Mistral with a null beside the details",
            """{"prompt_tokens":50,"completion_tokens":5,"total_tokens":55,"prompt_tokens_details":{"cached_tokens":48},"num_cached_tokens":null}""",
            new() { InputTokens = 2, CacheReadTokens = 48, OutputTokens = 5 }
        },
        {
            "OpenRouter with a cache write",
            """{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cost":0.01,"prompt_tokens_details":{"cached_tokens":30,"cache_write_tokens":60}}""",
            new() { InputTokens = 10, CacheReadTokens = 30, CacheWriteTokens = 60, OutputTokens = 5 }
        },
        {
            "xAI counts reasoning beside the completion",
            """{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}""",
            new() { InputTokens = 32, OutputTokens = 103, ReasoningTokens = 94 }
        },
        {
            "xAI, the order of members reversed",
            """{"completion_tokens_details":{"reasoning_tokens":94},"total_tokens":135,"completion_tokens":9,"prompt_tokens":32}""",
            new() { InputTokens = 32, OutputTokens = 103, ReasoningTokens = 94 }
        },
        {
            "Perplexity has reasoning at the top",
            """{"prompt_tokens":32,"completion_tokens":9,"total_tokens":41,"reasoning_tokens":4,"citation_tokens":3}""",
            new() { InputTokens = 32, OutputTokens = 9, ReasoningTokens = 4 }
        },
        {
            "Voyage",
            """{"total_tokens":17}""",
            new() { InputTokens = 17 }
        },
        {
            "Anthropic's input excludes the cache",
            """{"input_tokens":12,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"cache_creation":{"ephemeral_5m_input_tokens":200},"output_tokens":40,"service_tier":"standard"}""",
            new() { InputTokens = 12, CacheReadTokens = 3000, CacheWriteTokens = 200, OutputTokens = 40 }
        },
        {
            "Anthropic with writes for an hour, thinking and searches",
            """{"input_tokens":12,"cache_creation_input_tokens":200,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":150},"output_tokens":40,"output_tokens_details":{"thinking_tokens":30},"server_tool_use":{"web_search_requests":2}}""",
            new() { InputTokens = 12, CacheReadTokens = 0, CacheWriteTokens = 200, CacheWriteOneHourTokens = 150, OutputTokens = 40, ReasoningTokens = 30, WebSearchCalls = 2 }
        },
        {
            "Anthropic's compaction is billed and not in the counts at the top",
            """{"input_tokens":220,"output_tokens":8,"cache_read_input_tokens":0,"iterations":[7,{"type":"compaction","input_tokens":55196,"output_tokens":125,"cache_read_input_tokens":7},{"type":"message","input_tokens":220,"output_tokens":8},{"type":"advisor_message","input_tokens":9}]}""",
            new() { InputTokens = 55416, CacheReadTokens = 7, OutputTokens = 133 }
        },
        {
            "OpenAI Realtime, where audio is read from the cache too",
            """{"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,"image_tokens":4,"cached_tokens":64,"cached_tokens_details":{"text_tokens":60,"audio_tokens":4}},"output_token_details":{"text_tokens":30,"audio_tokens":91}}""",
            new() { InputTokens = 68, CacheReadTokens = 64, OutputTokens = 121, AudioInputTokens = 9, AudioCacheReadTokens = 4, AudioOutputTokens = 91, ImageInputTokens = 4 }
        },
        {
            "OpenAI images",
            """{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"image_tokens":50,"text_tokens":0}}""",
            new() { InputTokens = 50, OutputTokens = 50, ImageInputTokens = 40, ImageOutputTokens = 50 }
        },
        {
            "Anthropic without a hit",
            """{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":40}""",
            new() { InputTokens = 12, CacheReadTokens = 0, CacheWriteTokens = 0, OutputTokens = 40 }
        },
        {
            "Both forms of the same count",
            """{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":90,"prompt_tokens_details":{"cached_tokens":90}}""",
            new() { InputTokens = 10, CacheReadTokens = 90, OutputTokens = 5 }
        },
        {
            "Output alone, as in the last event of an Anthropic stream",
            """{"output_tokens":15}""",
            new() { OutputTokens = 15 }
        },
        {
            "A count that is null is not reported",
            """{"prompt_tokens":9,"completion_tokens":null,"total_tokens":9}""",
            new() { InputTokens = 9 }
        },
        {
            "Counts that are none are not reported",
            """{"prompt_tokens":9,"completion_tokens":-1,"prompt_tokens_details":{"cached_tokens":"4","audio_tokens":1.5},"completion_tokens_details":{"reasoning_tokens":1e400,"audio_tokens":[1]}}""",
            new() { InputTokens = 9 }
        },
        {
            "Details that are not objects are passed over",
            """{"prompt_tokens":9,"prompt_tokens_details":[{"cached_tokens":1}],"completion_tokens_details":"x","completion_tokens":2}""",
            new() { InputTokens = 9, OutputTokens = 2 }
        },
        {
            "A cache larger than the input leaves no negative rest",
            """{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":20}}""",
            new() { InputTokens = 0, CacheReadTokens = 20, OutputTokens = 1 }
        },
        {
            "Numbers that no count can be are not reported, nor do they overflow into one that can",
            """{"prompt_tokens":0,"completion_tokens":3,"total_tokens":3,"cached_tokens":9223372036854775807,"prompt_tokens_details":{"cache_write_tokens":9223372036854775807},"completion_tokens_details":{"reasoning_tokens":99999999999999999999}}""",
            new() { InputTokens = 0, OutputTokens = 3 }
        },
        {
            "The last of members with the same name",
            """{"prompt_tokens":1,"prompt_tokens":2,"completion_tokens":3,"completion_tokens":4}""",
            new() { InputTokens = 2, OutputTokens = 4 }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Usage_is_read_into_exclusive_buckets(string form, string usage, Usage expected)
    {
        Assert.NotEmpty(form);
        Assert.Equal(expected, UsageOf($$"""{"choices":[],"usage":{{usage}}}"""));
        Assert.Equal(expected, OpenAiUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("\"prompt_tokens\"")]
    [InlineData("""{"prompt_tokens":null,"completion_tokens":null,"total_tokens":null}""")]
    [InlineData("""{"prompt_tokens":"9","completion_tokens":"2"}""")]
    [InlineData("""{"prompt_tokens":-9}""")]
    [InlineData("""{"prompt_tokens":1.5}""")]
    [InlineData("""{"prompt_tokens":{"prompt_tokens":1}}""")]
    [InlineData("""{"prompt_tokens_details":{"cached_tokens":3}}""")]
    public void Usage_that_reports_nothing_is_null_and_not_zero(string usage)
    {
        Assert.Null(UsageOf($$"""{"usage":{{usage}}}"""));
        Assert.Null(OpenAiUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Theory]
    [InlineData("""{"choices":[{}],"x_groq":{"id":"r","usage":{"queue_time":0.1,"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}}""")]
    [InlineData("""{"type":"response.completed","response":{"usage":{"input_tokens":4,"output_tokens":2,"total_tokens":6}}}""")]
    [InlineData("""{"type":"message_start","message":{"usage":{"input_tokens":4,"output_tokens":2}}}""")]
    [InlineData("""{"x_groq":null,"response":7,"message":"m","usage":{"prompt_tokens":4,"completion_tokens":2}}""")]
    public void Usage_is_found_where_providers_put_it(string json) =>
        Assert.Equal(new Usage { InputTokens = 4, OutputTokens = 2 }, UsageOf(json));

    [Theory]
    [InlineData("""{"metadata":{"usage":{"prompt_tokens":4}}}""")]
    [InlineData("""{"choices":[{"usage":{"prompt_tokens":4}}]}""")]
    [InlineData("""[{"usage":{"prompt_tokens":4}}]""")]
    public void Usage_elsewhere_is_not_the_answers(string json) => Assert.Null(UsageOf(json));

    [Fact]
    public void Of_running_totals_the_last_one_counts() => Assert.Equal(
        new Usage { InputTokens = 4, OutputTokens = 9 },
        UsageOf(
            """{"choices":[{}],"usage":{"prompt_tokens":4,"completion_tokens":1}}""",
            """{"choices":[{}],"usage":{"prompt_tokens":4,"completion_tokens":5}}""",
            """{"choices":[{}],"usage":null}""",
            """{"choices":[{}],"usage":{"prompt_tokens":4,"completion_tokens":9}}"""));

    [Fact]
    public void An_Anthropic_stream_reports_its_input_first_and_its_output_last() => Assert.Equal(
        new Usage { InputTokens = 12, CacheReadTokens = 3000, CacheWriteTokens = 0, OutputTokens = 40 },
        UsageOf(
            """{"type":"message_start","message":{"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":3000,"output_tokens":1}}}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":40}}"""));

    private static Usage? UsageOf(params string[] chunks)
    {
        var facts = new OpenAiAnswerFacts();
        Assert.All(chunks, chunk => Assert.True(facts.Read(Encoding.UTF8.GetBytes(chunk), out _)));
        return facts.Usage;
    }
}
