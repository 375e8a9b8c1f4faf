using System.Diagnostics;
using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Dialects.Cohere;
using Gatehouse.Protocols.Tests.Dialects.Ollama;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>Recorded streams of Cohere and Ollama in the dialects of most callers, and theirs in these two.</summary>
public sealed class RarerStreamTests
{
    public static TheoryData<string> Own => RecordedCases.Ids(c =>
        c.IsSuccess && c is { Provider: "cohere", Endpoint: "v2-chat", Kind: "sse" } or { Provider: "ollama", Endpoint: "api-chat", Kind: "ndjson" });

    public static TheoryData<string> Others => RecordedCases.Ids(c =>
        c.IsSuccess && c is { Provider: "openai", Endpoint: "chat/completions", Kind: "sse" } or { Provider: "anthropic", Endpoint: "messages", Kind: "sse" });

    [Theory, MemberData(nameof(Own))]
    public void OpenAi_Chat_is_told_all(string id)
    {
        var events = Events(id);
        var chunks = ChatStreamRules.Write(OpenAiChatCodec.Instance, events);
        var stream = string.Concat(chunks.Select(c => $"data: {c.GetRawText()}\n\n")) + "data: [DONE]\n\n";
        AssertSame(events, RoundTrip.ReadStream(OpenAiChatCodec.Instance, Encoding.UTF8.GetBytes(stream)));
    }

    [Theory, MemberData(nameof(Own))]
    public void Anthropic_is_told_all(string id)
    {
        var events = Events(id);
        var stream = AnthropicStreamCheck.Write(AnthropicCodec.Instance.NewStreamWriter(RoundTrip.Context(Dialect.Anthropic)), events);
        AnthropicStreamCheck.Whole(stream);
    }

    [Theory, MemberData(nameof(Others))]
    public void Cohere_is_told_all(string id)
    {
        var events = Events(id);
        var stream = CohereStreamCheck.Write(events);
        if (events[^1] is AnswerEnded)
        {
            _ = CohereStreamCheck.Whole(stream);
        }

        AssertSame(events, RoundTrip.ReadStream(CohereCodec.Instance, Encoding.UTF8.GetBytes(stream)));
    }

    [Theory, MemberData(nameof(Others))]
    public void Ollama_is_told_all(string id)
    {
        var events = Events(id);
        var stream = OllamaStreamCheck.Write(events);
        if (events[^1] is AnswerEnded)
        {
            _ = OllamaStreamCheck.Whole(stream);
        }

        AssertSame(events, RoundTrip.ReadStream(OllamaCodec.Instance, Encoding.UTF8.GetBytes(stream)));
    }

    private static List<ChatStreamEvent> Events(string id)
    {
        var recorded = RecordedCases.Get(id);
        DialectCodec codec = recorded.Provider switch
        {
            "cohere" => CohereCodec.Instance,
            "ollama" => OllamaCodec.Instance,
            "anthropic" => AnthropicCodec.Instance,
            "openai" => OpenAiChatCodec.Instance,
            _ => throw new UnreachableException(recorded.Provider),
        };
        return RoundTrip.ReadStream(codec, recorded.Response!);
    }

    /// <summary>What the first choice says, thinks and calls, and what it took; how it is cut into parts is the dialect's matter.</summary>
    private static void AssertSame(List<ChatStreamEvent> expected, List<ChatStreamEvent> actual)
    {
        Assert.Equal(Told(expected), Told(actual));
        Assert.Equal(Took(expected), Took(actual));
        Assert.Equal(expected[^1].GetType(), actual[^1].GetType());
    }

    private static string Told(List<ChatStreamEvent> events)
    {
        var choice = RoundTrip.Collect(Dialect.OpenAiChat, events).ToResponse().Choices.FirstOrDefault(c => c.Index == 0);
        var parts = choice?.Parts ?? [];
        return string.Join('\n', [
            string.Concat(parts.Select(p => p is TextPart text ? text.Text : p is RefusalPart refusal ? refusal.Text : "")),
            string.Concat(parts.OfType<ReasoningPart>().Select(r => r.Text)),
            .. parts.OfType<ToolCallPart>().Select(c => $"{c.Name} {c.Arguments.Replace(" ", "", StringComparison.Ordinal)}"),
        ]);
    }

    private static (long Input, long Output)? Took(List<ChatStreamEvent> events)
    {
        var usage = RoundTrip.Collect(Dialect.OpenAiChat, events).ToResponse().Usage;
        return usage is null ? null : ((usage.InputTokens ?? 0) + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0), usage.OutputTokens ?? 0);
    }
}
