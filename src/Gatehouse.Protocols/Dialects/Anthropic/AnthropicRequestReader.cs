using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Reads the body of <c>POST /v1/messages</c> in the versions 2023-06-01 and 2026-10-21, and of Claude on Bedrock (InvokeModel) and Vertex
/// (rawPredict), which name the model in the path.
/// </summary>
internal static class AnthropicRequestReader
{
    private static readonly FrozenSet<string> Known =
    [
        "model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "output_format", "stop_sequences",
        "temperature", "top_p", "top_k", "stream", "metadata", "service_tier", "cache_control",
    ];

    /// <summary>
    /// Without them other tools, or another state, are at hand; without "thread" the turns before it. What only prunes the context is a hint.
    /// </summary>
    private static readonly FrozenSet<string> ChangesMeaning = ["mcp_servers", "container", "thread"];

    private static readonly FrozenDictionary<string, MemberTypes> Types = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("max_tokens", MemberTypes.Integer), ("messages", MemberTypes.Array),
        ("system", MemberTypes.Text | MemberTypes.Array), ("tools", MemberTypes.Array), ("tool_choice", MemberTypes.Object),
        ("thinking", MemberTypes.Object), ("output_config", MemberTypes.Object),
        ("stop_sequences", MemberTypes.Texts), ("temperature", MemberTypes.Number), ("top_p", MemberTypes.Number),
        ("top_k", MemberTypes.Integer), ("stream", MemberTypes.Flag), ("metadata", MemberTypes.Object), ("service_tier", MemberTypes.Text),
        ("cache_control", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> ThinkingTypes = OpenAiChatMembers.Table(
        ("type", MemberTypes.Text), ("budget_tokens", MemberTypes.Integer), ("display", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> OutputConfigTypes = OpenAiChatMembers.Table(
        ("effort", MemberTypes.Text), ("format", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> MetadataTypes = OpenAiChatMembers.Table(("user_id", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> ChoiceTypes = OpenAiChatMembers.Table(
        ("type", MemberTypes.Text), ("name", MemberTypes.Text), ("disable_parallel_tool_use", MemberTypes.Flag));

    private static readonly FrozenSet<string> MessageMembers = ["role", "content"];

    /// <param name="body">The whole body.</param>
    /// <param name="countsTokens">It is a <c>count_tokens</c> request, which has no <c>max_tokens</c>.</param>
    /// <exception cref="MalformedException">It is not a request of this dialect.</exception>
    public static ChatRequest Read(JsonElement body, bool countsTokens = false)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body is not a JSON object");
        }

        CheckTypes(body);
        var maxTokens = body.Integer("max_tokens");
        if (maxTokens is null && !countsTokens)
        {
            throw new MalformedException("max_tokens", "'max_tokens' is missing or not an integer: it is required");
        }

        var (choice, parallel) = AnthropicToolReader.ReadChoice(body);
        return new ChatRequest
        {
            Dialect = Dialect.Anthropic,
            Model = body.Text("model") ?? "",
            IsStream = body.Flag("stream") ?? false,
            IncludeUsage = true,
            Messages = ReadMessages(body),
            Tools = AnthropicToolReader.ReadTools(body),
            ToolChoice = choice,
            ParallelToolCalls = parallel,
            MaxOutputTokens = maxTokens,
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            TopK = body.Integer("top_k"),
            StopSequences = body.Texts("stop_sequences"),
            Reasoning = AnthropicOutputReader.ReadReasoning(body),
            ResponseFormat = AnthropicOutputReader.ReadFormat(body),
            User = body.Object("metadata")?.Text("user_id"),
            ServiceTier = body.Text("service_tier"),
            CacheControl = AnthropicCacheControl.Read(body),
            Extensions = ReadExtensions(body),
        };
    }

    private static void CheckTypes(JsonElement body)
    {
        ParameterTypes.Check(body, Types);
        ParameterTypes.Check(body.Member("thinking"), ThinkingTypes, "thinking.");
        ParameterTypes.Check(body.Member("output_config"), OutputConfigTypes, "output_config.");
        ParameterTypes.Check(body.Member("metadata"), MetadataTypes, "metadata.");
        ParameterTypes.Check(body.Member("tool_choice"), ChoiceTypes, "tool_choice.");
    }

    private static List<ChatMessage> ReadMessages(JsonElement body)
    {
        if (body.Array("messages") is not { } list)
        {
            throw new MalformedException("messages", "'messages' is missing or not a list: a list of messages is required");
        }

        var messages = new List<ChatMessage>(list.GetArrayLength() + 1);
        if (body.Member("system") is { } system)
        {
            messages.Add(ReadContent(Role.System, system, "system"));
        }

        var place = new BlockPlace("messages", 0);
        foreach (var message in list.EnumerateArray())
        {
            messages.Add(ReadMessage(message, place));
            place = place with { Index = place.Index + 1 };
        }

        return messages;
    }

    private static ChatMessage ReadMessage(JsonElement message, BlockPlace place)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(place.ToString(), $"{place} is not a message: an object with \"role\" and \"content\" is expected");
        }

        var role = message.Text("role") switch
        {
            "user" => Role.User,
            "assistant" => Role.Assistant,
            "system" => Role.System,
            var other => throw new MalformedException(
                $"{place}.role", $"{place}.role is '{other}': \"user\", \"assistant\" or \"system\" is expected"),
        };
        var content = message.Member("content") ?? throw place.Missing("content", "a string or a list of blocks");
        return ReadContent(role, content, $"{place}.content") with { Extensions = message.ExtensionsBeside(Dialect.Anthropic, MessageMembers) };
    }

    private static ChatMessage ReadContent(Role role, JsonElement content, string place) => content.ValueKind switch
    {
        JsonValueKind.String => new ChatMessage(role, [new TextPart(content.TextOrFail(place))]) { IsPlainText = true },
        JsonValueKind.Array => new ChatMessage(role, AnthropicBlockReader.ReadAll(content, place)),
        _ => throw new MalformedException(place, $"'{place}' is neither a string nor a list of blocks"),
    };

    /// <summary>
    /// Members that this version does not know. Those inside of <c>metadata</c> and <c>output_config</c> are named with a dot, and written
    /// back there.
    /// </summary>
    private static Extensions? ReadExtensions(JsonElement body)
    {
        List<Extension>? members = null;
        foreach (var member in body.ExtensionsBeside(Dialect.Anthropic, Known, ChangesMeaning)?.Members ?? [])
        {
            (members ??= []).Add(member.Name == "context_management" ? member with { ChangesMeaning = Compacts(member.Value) } : member);
        }

        AddInner(body, "metadata", AnthropicMembers.Metadata, ref members);
        AddInner(body, "output_config", AnthropicMembers.OutputConfig, ref members);
        return Extensions.Of(Dialect.Anthropic, members);
    }

    private static void AddInner(JsonElement body, string name, FrozenSet<string> known, ref List<Extension>? members)
    {
        if (body.Object(name)?.ExtensionsBeside(Dialect.Anthropic, known) is { } inner)
        {
            (members ??= []).AddRange(inner.Members.Select(m => m with { Name = $"{name}.{m.Name}" }));
        }
    }

    /// <summary>
    /// Edits named <c>clear_...</c> only leave out old thoughts and results of tools: an answer from the whole conversation is an answer to
    /// the same question, and Claude Code asks for them in every request. Others make blocks that the caller waits for.
    /// </summary>
    private static bool Compacts(JsonElement management)
    {
        foreach (var edit in management.Items("edits"))
        {
            if (edit.Text("type")?.StartsWith("clear_", StringComparison.Ordinal) != true)
            {
                return true;
            }
        }

        return false;
    }
}
