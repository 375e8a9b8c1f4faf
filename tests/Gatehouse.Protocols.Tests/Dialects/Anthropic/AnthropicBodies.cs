using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>Short ways to write a body in a test.</summary>
internal static class AnthropicBodies
{
    public static ChatRequest Read(string body) => AnthropicCodec.Instance.ReadRequest(JsonDocument.Parse(body).RootElement);

    /// <summary>A request of a caller of OpenAI Chat.</summary>
    public static ChatRequest Foreign(params ChatMessage[] messages) => new()
    {
        Dialect = Dialect.OpenAiChat,
        Model = "claude",
        Messages = messages.Length > 0 ? messages : [Said(Role.User, "Hi")],
    };

    public static ChatMessage Said(Role role, string text) => new(role, [new TextPart(text)]) { IsPlainText = true };

    /// <returns>What is written, and what is named as dropped.</returns>
    public static (JsonElement Body, IReadOnlyList<string> Dropped) Write(ChatRequest request, params string[] traits) =>
        Write(request, TargetRules.None with { Traits = traits });

    public static (JsonElement Body, IReadOnlyList<string> Dropped) Write(ChatRequest request, TargetRules rules, long? maxOutputTokens = null)
    {
        var dropped = new DroppedParameters();
        var context = new RequestContext("claude-target", rules, dropped) { MaxOutputTokens = maxOutputTokens };
        return (RoundTrip.Write(w => AnthropicCodec.Instance.WriteRequest(request, context, w)), dropped.Names);
    }

    public static JsonElement Answer(ChatResponse response) =>
        RoundTrip.Write(w => AnthropicCodec.Instance.WriteResponse(response, RoundTrip.Context(Dialect.Anthropic), w));

    /// <summary>An answer of another dialect.</summary>
    public static ChatResponse ForeignAnswer(Stop? stop, params Part[] parts) => new()
    {
        Dialect = Dialect.Gemini,
        Id = "foreign",
        Model = "gemini",
        Choices = [new ChatChoice(0, parts, stop)],
    };

    public static void AssertJson(string expected, JsonElement actual)
    {
        var differences = JsonDifference.Between(JsonDocument.Parse(expected).RootElement, actual);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }
}
