using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

internal static class CohereRequestReader
{
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("messages", MemberTypes.Array), ("stream", MemberTypes.Flag), ("tools", MemberTypes.Array),
        ("strict_tools", MemberTypes.Flag), ("tool_choice", MemberTypes.Text), ("max_tokens", MemberTypes.Integer),
        ("temperature", MemberTypes.Number), ("p", MemberTypes.Number), ("k", MemberTypes.Integer), ("seed", MemberTypes.Integer),
        ("stop_sequences", MemberTypes.Texts), ("frequency_penalty", MemberTypes.Number), ("presence_penalty", MemberTypes.Number),
        ("logprobs", MemberTypes.Flag), ("response_format", MemberTypes.Object), ("thinking", MemberTypes.Object));

    /// <summary>Without these the answer would be another one: what it knows, what it may say, or in which form.</summary>
    private static readonly FrozenSet<string> Meaning =
        FrozenSet.Create(StringComparer.Ordinal, "documents", "response_format", "tool_choice", "connectors");

    private static readonly FrozenDictionary<string, MemberTypes> ThinkingMembers =
        OpenAiChatMembers.Table(("type", MemberTypes.Text), ("token_budget", MemberTypes.Integer));

    private static readonly FrozenDictionary<string, MemberTypes> FormatMembers =
        OpenAiChatMembers.Table(("type", MemberTypes.Text), ("json_schema", MemberTypes.Object));

    public static ChatRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        ParameterTypes.Check(body, Members);
        ParameterTypes.Check(body.Member("thinking"), ThinkingMembers, "thinking.");
        var format = ReadFormat(body);
        var choice = ReadChoice(body);
        var reasoning = ReadThinking(body);
        var tools = ReadTools(body);
        var more = OpenAiChatMembers.Beside(body, Members, Meaning) ?? [];
        // An empty list of documents is no document.
        if (more.FindIndex(m => m is { Name: "documents", Value.ValueKind: JsonValueKind.Array } && m.Value.GetArrayLength() == 0) is >= 0 and var documents)
        {
            more[documents] = more[documents] with { ChangesMeaning = false };
        }

        Keep("response_format", format is null, changesMeaning: true);
        Keep("thinking", reasoning is null, changesMeaning: false);
        Keep("strict_tools", tools.Count == 0, changesMeaning: false);
        return new ChatRequest
        {
            Dialect = Dialect.Cohere,
            Model = body.Text("model") ?? "",
            IsStream = body.Flag("stream") ?? false,
            IncludeUsage = true,
            Messages = CohereMessageReader.Read(body),
            Tools = tools,
            ToolChoice = choice,
            MaxOutputTokens = body.Integer("max_tokens"),
            Temperature = body.Number("temperature"),
            TopP = body.Number("p"),
            TopK = body.Integer("k"),
            PresencePenalty = body.Number("presence_penalty"),
            FrequencyPenalty = body.Number("frequency_penalty"),
            Seed = body.Integer("seed"),
            StopSequences = body.Texts("stop_sequences"),
            Logprobs = body.Flag("logprobs"),
            ResponseFormat = format,
            Reasoning = reasoning,
            Extensions = Extensions.Of(Dialect.Cohere, more),
        };

        void Keep(string name, bool isUnread, bool changesMeaning)
        {
            if (isUnread && body.Member(name) is { } value && !more.Exists(m => m.Name == name))
            {
                more.Add(new Extension(name, value, changesMeaning));
            }
        }
    }

    /// <summary><c>strict_tools</c> is about all of them.</summary>
    private static List<ToolDefinition> ReadTools(JsonElement body)
    {
        var tools = OpenAiChatTools.Read(body, Dialect.Cohere);
        if (body.Flag("strict_tools") is { } strict)
        {
            for (var i = 0; i < tools.Count; i++)
            {
                if (tools[i] is FunctionTool function)
                {
                    tools[i] = function with { Strict = strict };
                }
            }
        }

        return tools;
    }

    private static ToolChoice? ReadChoice(JsonElement body) => body.Member("tool_choice") is not { ValueKind: JsonValueKind.String } word ? null : word.TextOrFail("tool_choice") switch
    {
        "REQUIRED" => new ToolChoice(ToolChoiceMode.Required),
        "NONE" => new ToolChoice(ToolChoiceMode.None),
        var other => new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(Dialect.Cohere, other, word) },
    };

    private static ResponseFormat? ReadFormat(JsonElement body)
    {
        if (body.Object("response_format") is not { } format || OpenAiChatMembers.Beside(format, FormatMembers) is not null)
        {
            return null;
        }

        return format.Text("type") switch
        {
            "text" => new ResponseFormat(ResponseFormatKind.Text),
            "json_object" when format.Object("json_schema") is { } schema => new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = schema },
            "json_object" => new ResponseFormat(ResponseFormatKind.JsonObject),
            _ => null,
        };
    }

    private static ReasoningOptions? ReadThinking(JsonElement body)
    {
        ReasoningMode? mode = body.Object("thinking")?.Text("type") switch
        {
            "enabled" => ReasoningMode.Enabled,
            "disabled" => ReasoningMode.Disabled,
            _ => null,
        };
        return mode is null ? null : new ReasoningOptions
        {
            Mode = mode.Value,
            BudgetTokens = body.Object("thinking")!.Value.Integer("token_budget"),
            Name = "thinking",
            Extensions = Extensions.Of(Dialect.Cohere, OpenAiChatMembers.Beside(body.Object("thinking")!.Value, ThinkingMembers)),
        };
    }
}
