using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>Short ways to read and write requests in tests.</summary>
internal static class GeminiRequests
{
    public static ChatRequest Foreign(params ChatMessage[] messages) => new() { Dialect = Dialect.OpenAiChat, Model = "m", Messages = messages };

    public static ChatMessage User(string text) => new(Role.User, [new TextPart(text)]);

    public static ChatMessage Assistant(params Part[] parts) => new(Role.Assistant, parts);

    public static ChatMessage Results(params ToolResultPart[] parts) => new(Role.User, parts);

    public static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    public static ChatRequest Read(string json) => GeminiCodec.Instance.ReadRequest(Parse(json));

    public static JsonElement Write(ChatRequest request, params string[] traits) => Write(request, out _, traits);

    public static JsonElement Write(ChatRequest request, out IReadOnlyList<string> dropped, params string[] traits)
    {
        var names = new DroppedParameters();
        var context = new RequestContext("gemini", new TargetRules { Traits = traits }, names);
        var written = RoundTrip.Write(writer => GeminiCodec.Instance.WriteRequest(request, context, writer));
        dropped = names.Names;
        return written;
    }

    public static void AssertJson(string expected, JsonElement actual)
    {
        var differences = JsonDifference.Between(Parse(expected), actual);
        Assert.True(differences.Count == 0, string.Join('\n', differences) + "\n" + actual.GetRawText());
    }
}
