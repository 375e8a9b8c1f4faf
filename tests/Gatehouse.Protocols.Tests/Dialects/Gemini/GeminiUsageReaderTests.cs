using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

public sealed class GeminiUsageReaderTests
{
    public static TheoryData<string, string, Usage> Forms => new()
    {
        { "text", """{"promptTokenCount":9,"candidatesTokenCount":3,"totalTokenCount":12}""", new() { InputTokens = 9, OutputTokens = 3 } },
        {
            "thoughts come beside the candidates",
            """{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":20,"totalTokenCount":32}""",
            new() { InputTokens = 9, OutputTokens = 23, ReasoningTokens = 20 }
        },
        {
            "thoughts alone, cut by the limit of output",
            """{"promptTokenCount":9,"thoughtsTokenCount":20,"totalTokenCount":29}""",
            new() { InputTokens = 9, OutputTokens = 20, ReasoningTokens = 20 }
        },
        {
            "the prompt includes the cache, modality by modality",
            """{"promptTokenCount":373,"cachedContentTokenCount":204,"candidatesTokenCount":89,"promptTokensDetails":[{"modality":"TEXT","tokenCount":15},{"modality":"AUDIO","tokenCount":100},{"modality":"IMAGE","tokenCount":258}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":63},{"modality":"IMAGE","tokenCount":141}]}""",
            new() { InputTokens = 169, CacheReadTokens = 204, OutputTokens = 89, AudioInputTokens = 37, AudioCacheReadTokens = 63, ImageInputTokens = 117 }
        },
        {
            "what tools brought is input",
            """{"promptTokenCount":294,"toolUsePromptTokenCount":605,"toolUsePromptTokensDetails":[{"modality":"IMAGE","tokenCount":600},{"modality":"TEXT","tokenCount":5}],"candidatesTokenCount":230,"thoughtsTokenCount":158}""",
            new() { InputTokens = 899, OutputTokens = 388, ReasoningTokens = 158, ImageInputTokens = 600 }
        },
        {
            "images and audio come out",
            """{"promptTokenCount":1,"candidatesTokenCount":1300,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290},{"modality":"AUDIO","tokenCount":4}]}""",
            new() { InputTokens = 1, OutputTokens = 1300, ImageOutputTokens = 1290, AudioOutputTokens = 4 }
        },
        {
            "an embedding has its details in the singular",
            """{"promptTokenCount":260,"promptTokenDetails":[{"modality":"IMAGE","tokenCount":258},{"modality":"TEXT","tokenCount":2}]}""",
            new() { InputTokens = 260, ImageInputTokens = 258 }
        },
        {
            "a Live session",
            """{"promptTokenCount":10,"responseTokenCount":30,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":30}]}""",
            new() { InputTokens = 10, OutputTokens = 30, AudioOutputTokens = 30 }
        },
        {
            "a cache larger than the prompt leaves no negative rest",
            """{"promptTokenCount":5,"cachedContentTokenCount":9,"candidatesTokenCount":1}""",
            new() { InputTokens = 0, CacheReadTokens = 9, OutputTokens = 1 }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Usage_is_read_into_exclusive_buckets(string form, string usage, Usage expected)
    {
        Assert.NotEmpty(form);
        Assert.Equal(expected, GeminiUsageReader.Read(JsonElement.Parse(usage)));
    }

    [Theory]
    [MemberData(nameof(UsageNoise.Texts), MemberType = typeof(UsageNoise))]
    public void What_tells_nothing_is_null(string usage) => Assert.Null(GeminiUsageReader.Read(JsonElement.Parse(usage)));
}
