using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

internal static class CohereResponseReader
{
    /// <summary><c>usage</c> and <c>logprobs</c> are not among them: as written, they say more than what is read.</summary>
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("id", MemberTypes.Text), ("message", MemberTypes.Object), ("finish_reason", MemberTypes.Text));

    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        if (body.Object("message") is not { } message)
        {
            throw new MalformedException("message", "the answer has no 'message'");
        }

        var parts = new List<Part>();
        var more = CohereMessageReader.ReadAssistant(message, "message", $"call{fallbackId}x", parts);
        return new ChatResponse
        {
            Dialect = Dialect.Cohere,
            Id = body.Text("id"),
            Choices =
            [
                new ChatChoice(0, parts, CohereStop.Read(body.Text("finish_reason")))
                {
                    Logprobs = CohereLogprobs.Read(body.Array("logprobs")),
                    MessageExtensions = more,
                },
            ],
            Usage = body.Object("usage") is { } usage ? CohereUsageReader.Read(usage) : null,
            Extensions = Extensions.Of(Dialect.Cohere, OpenAiChatMembers.Beside(body, Members)),
        };
    }

    /// <summary><c>{id, message, error_type}</c>; others are seen from what stands before Cohere.</summary>
    public static ChatError ReadError(int status, JsonElement? body)
    {
        var error = OpenAiChatErrors.Read(status, body);
        if (body is not { ValueKind: JsonValueKind.Object } root)
        {
            return error;
        }

        var type = root.Text("error_type");
        return error with
        {
            RequestId = root.Text("id") ?? error.RequestId,
            Code = type ?? error.Code,
            ProviderType = type ?? error.ProviderType,
        };
    }
}
