using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>Recorded calls in the two dialects of most callers, as Cohere and Ollama are told them.</summary>
public sealed class RarerTargetTests
{
    public static TheoryData<string> Calls => RecordedCases.Ids(c =>
        c.Request is not null && c.IsSuccess && c is { Provider: "openai", Endpoint: "chat/completions" } or { Provider: "anthropic", Endpoint: "messages" });

    [Theory, MemberData(nameof(Calls))]
    public void Cohere_is_told_all_or_it_is_refused(string id)
    {
        if (Told(CohereCodec.Instance, id) is not { } told)
        {
            return;
        }

        var expected = ReadBy(id);
        var again = CohereCodec.Instance.ReadRequest(told);
        Assert.Equal(Words(expected), Words(again));
        Assert.Equal(Results(expected), Results(again));
    }

    [Theory, MemberData(nameof(Calls))]
    public void Ollama_is_told_all_or_it_is_refused(string id)
    {
        if (Told(OllamaCodec.Instance, id) is not { } told)
        {
            return;
        }

        var expected = ReadBy(id);
        var again = OllamaCodec.Instance.ReadRequest(told);
        Assert.Equal(expected.IsStream, again.IsStream);
        Assert.Equal(Words(expected), Words(again));
        Assert.Equal(Results(expected), Results(again));
    }

    private static ChatRequest ReadBy(string id)
    {
        var recorded = RecordedCases.Get(id);
        DialectCodec codec = recorded.Provider == "anthropic" ? AnthropicCodec.Instance : OpenAiChatCodec.Instance;
        return codec.ReadRequest(recorded.RequestJson);
    }

    private static JsonElement? Told(DialectCodec target, string id)
    {
        var request = ReadBy(id);
        var context = new RequestContext("m", TargetRules.None, new DroppedParameters());
        try
        {
            return RoundTrip.Write(writer => target.WriteRequest(request, context, writer));
        }
        catch (UnsupportedException refused)
        {
            Assert.NotEmpty(refused.Message);
            return null;
        }
    }

    /// <summary>All text that is said, whoever says it and however it is cut; without what introduces an image that a tool returned.</summary>
    private static string Words(ChatRequest request) => Letters(string.Concat(request.Messages.SelectMany(m => m.Parts).Select(p => p switch
    {
        TextPart text when !text.Text.StartsWith("Result of tool call ", StringComparison.Ordinal) => text.Text,
        RefusalPart refusal => refusal.Text,
        ToolCallPart call => call.Name,
        _ => "",
    })));

    private static string Results(ChatRequest request) => Letters(string.Concat(request.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>()
        .SelectMany(r => r.Content).OfType<TextPart>().Select(t => t.Text).Where(t => t != "The result is in the next user message.")));

    /// <summary>How texts are joined is the dialect's matter.</summary>
    private static string Letters(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
}
