using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Reads the answer of <c>Converse</c>.</summary>
internal static class BedrockResponseReader
{
    /// <summary>Kept whole beside what is read of it: it names the counts of the cache twice, and has more than tokens.</summary>
    public const string Usage = "usage";

    private static readonly HashSet<string> Members = new(StringComparer.Ordinal) { "output", "stopReason" };
    private static readonly HashSet<string> MessageMembers = new(StringComparer.Ordinal) { "role", "content" };

    /// <exception cref="MalformedException">It is not an answer of this dialect.</exception>
    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        JsonUnicode.Check(body);
        if (body.Object("output") is not { } output)
        {
            throw new MalformedException("output", "output must be an object with the answer's message");
        }

        var message = output.Object("message");
        var parts = message?.Array("content") is { } content
            ? new BedrockContentReader(fallbackId).Read(content, "output.message.content")
            : [];
        var stop = body.Text("stopReason") is { } reason ? BedrockStop.Read(reason) : null;
        if (stop is not null && body.Object("additionalModelResponseFields")?.Text("stop_sequence") is { } sequence)
        {
            stop = stop with { Sequence = sequence };
        }

        (parts, stop) = BedrockAnswerTool.Unpack(parts, stop);
        return new ChatResponse
        {
            Dialect = Dialect.Bedrock,
            Model = body.Object("trace")?.Object("promptRouter")?.Text("invokedModelId"),
            Choices =
            [
                new ChatChoice(0, parts, stop) { MessageExtensions = message?.ExtensionsBeside(Dialect.Bedrock, MessageMembers) },
            ],
            Usage = body.Object(Usage) is { } usage ? BedrockUsageReader.Read(usage) : null,
            ServiceTier = body.Object("serviceTier")?.Text("type"),
            Extensions = body.ExtensionsBeside(Dialect.Bedrock, Members),
        };
    }

    public static ChatError ReadError(int status, JsonElement? body)
    {
        if (body is { } error)
        {
            JsonUnicode.Check(error);
        }

        return BedrockErrors.Read(status, body);
    }
}
