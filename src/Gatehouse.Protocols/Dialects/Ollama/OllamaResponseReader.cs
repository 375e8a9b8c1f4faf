using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

internal static class OllamaResponseReader
{
    /// <summary><c>created_at</c> is not among them: it is finer than what is read.</summary>
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("message", MemberTypes.Object), ("done", MemberTypes.Flag), ("done_reason", MemberTypes.Text),
        ("prompt_eval_count", MemberTypes.Integer), ("eval_count", MemberTypes.Integer), ("logprobs", MemberTypes.Array));

    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        if (body.Object("message") is not { } message)
        {
            throw new MalformedException("message", "the answer has no 'message'");
        }

        var parts = new List<Part>();
        var more = OllamaMessageReader.ReadParts(message, "message", $"call{fallbackId}x", parts);
        return new ChatResponse
        {
            Dialect = Dialect.Ollama,
            Model = body.Text("model"),
            Created = Created(body),
            Choices =
            [
                new ChatChoice(0, parts, ReadStop(body, parts.Exists(p => p is ToolCallPart)))
                {
                    Logprobs = ReadLogprobs(body),
                    MessageExtensions = more,
                },
            ],
            Usage = ReadUsage(body),
            Extensions = Rest(body),
        };
    }

    /// <summary>What is beside what is read.</summary>
    public static Extensions? Rest(JsonElement body) => Extensions.Of(Dialect.Ollama, OpenAiChatMembers.Beside(body, Members));

    /// <summary>Unix seconds.</summary>
    public static long? Created(JsonElement body) =>
        DateTimeOffset.TryParse(body.Text("created_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeSeconds()
            : null;

    /// <summary>Null when the answer has not ended. Ollama says "stop" for calls too.</summary>
    public static Stop? ReadStop(JsonElement body, bool hasToolCalls)
    {
        var raw = body.Text("done_reason");
        return raw switch
        {
            null or "" => body.Flag("done") is true ? new Stop(hasToolCalls ? StopReason.ToolUse : StopReason.EndTurn, null) : null,
            "stop" => new Stop(hasToolCalls ? StopReason.ToolUse : StopReason.EndTurn, raw),
            "length" => new Stop(StopReason.MaxTokens, raw),
            _ => new Stop(StopReason.Other, raw),
        };
    }

    /// <summary>A prompt that the server still has evaluated is not counted by older versions: its count is then missing.</summary>
    public static Usage? ReadUsage(JsonElement body)
    {
        var input = body.Count("prompt_eval_count");
        var output = body.Count("eval_count");
        return input is null && output is null ? null : new Usage { InputTokens = input, OutputTokens = output };
    }

    /// <summary>The tokens have OpenAI's form; the list stands alone.</summary>
    public static JsonElement? ReadLogprobs(JsonElement body)
    {
        if (body.Array("logprobs") is not { } list || list.GetArrayLength() == 0)
        {
            return null;
        }

        return JsonElement.Parse($"{{\"content\":{list.GetRawText()}}}", JsonWriting.ReadOptions);
    }
}
