using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>A request of OpenAI Chat, as another dialect is told it.</summary>
internal sealed record Asked(JsonElement Body, IReadOnlyList<string> Dropped)
{
    /// <param name="messages">None: the user greets.</param>
    public static ChatRequest Request(params ChatMessage[] messages) =>
        new() { Dialect = Dialect.OpenAiChat, Model = "asked", Messages = messages.Length > 0 ? messages : [User(new TextPart("Hi"))] };

    public static ChatMessage User(params Part[] parts) => new(Role.User, parts);

    public static ChatMessage Assistant(params Part[] parts) => new(Role.Assistant, parts);

    public static Asked In(DialectCodec codec, ChatRequest request, params string[] traits)
    {
        var context = new RequestContext("target", TargetRules.None with { Traits = traits }, new DroppedParameters());
        var body = RoundTrip.Write(writer => codec.WriteRequest(request, context, writer));
        return new Asked(body, context.Dropped.Names);
    }

    public static string Refused(DialectCodec codec, ChatRequest request) =>
        Assert.Throws<UnsupportedException>(() => In(codec, request)).Message;

    public static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
