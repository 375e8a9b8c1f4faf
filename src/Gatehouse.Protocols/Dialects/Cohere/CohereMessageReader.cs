using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>Reads messages, those of requests and the one of an answer.</summary>
internal static class CohereMessageReader
{
    public const string ToolPlan = "tool_plan";

    private static readonly FrozenDictionary<string, MemberTypes> TurnMembers =
        OpenAiChatMembers.Table(("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array));

    private static readonly FrozenDictionary<string, MemberTypes> AssistantMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), (ToolPlan, MemberTypes.Text),
        ("tool_calls", MemberTypes.Array), ("citations", MemberTypes.Array));

    private static readonly FrozenDictionary<string, MemberTypes> ToolMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), ("tool_call_id", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> DocumentMembers = OpenAiChatMembers.Table(("type", MemberTypes.Text));

    public static List<ChatMessage> Read(JsonElement body)
    {
        if (body.Array("messages") is not { } list)
        {
            throw new MalformedException("messages", "'messages' is missing: expected a list of messages");
        }

        var messages = new List<ChatMessage>(list.GetArrayLength());
        foreach (var message in list.EnumerateArray())
        {
            messages.Add(ReadMessage(message, $"messages[{messages.Count}]", messages.Count));
        }

        return messages;
    }

    /// <summary>The parts of an assistant's message: thoughts and text, the plan, the calls.</summary>
    /// <param name="message">An object.</param>
    /// <param name="field">For messages about what is wrong.</param>
    /// <param name="idPrefix">Makes ids of calls that have none.</param>
    /// <param name="parts">Where to.</param>
    /// <returns>What is left of the message.</returns>
    public static Extensions? ReadAssistant(JsonElement message, string field, string idPrefix, List<Part> parts)
    {
        var more = OpenAiChatMembers.Beside(message, AssistantMembers);
        ReadContent(message, field, parts);
        var contents = parts.Count;
        // "A chain-of-thought style reflection and plan that the model generates when working with Tools."
        if (message.Text(ToolPlan) is { Length: > 0 } plan)
        {
            parts.Add(new TextPart(plan) { Extensions = PlanMark(message.Member(ToolPlan)!.Value) });
        }

        if (message.Array("citations") is { } citations && !AddCitations(citations, contents, parts))
        {
            (more ??= []).Add(new Extension("citations", citations));
        }

        OpenAiChatToolCalls.Read(message, field, idPrefix, Dialect.Cohere, parts);
        return Extensions.Of(Dialect.Cohere, more);
    }

    /// <summary>Marks a text as a plan, for a writer of the same dialect.</summary>
    public static Extensions PlanMark(JsonElement plan) => new(Dialect.Cohere, [new Extension(ToolPlan, plan)]);

    public static bool IsPlan(Part part) => OpenAiChatMembers.Kept(part.Extensions, Dialect.Cohere, ToolPlan) is not null;

    public static Citation ReadCitation(JsonElement citation)
    {
        var source = citation.Array("sources") is { } sources && sources.GetArrayLength() > 0 ? sources[0] : default;
        var content = source.Object("document") ?? source.Object("tool_output");
        var id = source.Text("id");
        return new Citation
        {
            Dialect = Dialect.Cohere,
            Value = citation,
            Url = content?.Text("url") ?? (id is not null && id.StartsWith("http", StringComparison.Ordinal) ? id : null),
            Title = content?.Text("title") ?? id,
            CitedText = content?.Text("text") ?? content?.Text("snippet") ?? content?.Text("content"),
            Start = citation.Integer("start"),
            End = citation.Integer("end"),
        };
    }

    private static ChatMessage ReadMessage(JsonElement message, string field, int index)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object with 'role' and 'content'");
        }

        var parts = new List<Part>();
        var isPlainText = message.Member("content") is { ValueKind: JsonValueKind.String };
        switch (message.Text("role"))
        {
            case "assistant":
                var more = ReadAssistant(message, field, $"call{index}x", parts);
                return new ChatMessage(Role.Assistant, parts) { IsPlainText = isPlainText, Extensions = more };
            case "tool":
                ReadContent(message, field, parts);
                var id = message.Text("tool_call_id") ?? throw new MalformedException($"{field}.tool_call_id", $"'{field}.tool_call_id' is missing: expected the id of the tool call that this answers");
                return new ChatMessage(Role.User, [new ToolResultPart(id) { Content = parts, IsPlainText = isPlainText }])
                {
                    Extensions = Extensions.Of(Dialect.Cohere, OpenAiChatMembers.Beside(message, ToolMembers)),
                };
            case "user":
                return ReadTurn(Role.User);
            case "system":
                return ReadTurn(Role.System);
            default:
                throw new MalformedException($"{field}.role", $"'{field}.role' must be one of system, user, assistant, tool");
        }

        ChatMessage ReadTurn(Role role)
        {
            ReadContent(message, field, parts);
            return new ChatMessage(role, parts)
            {
                IsPlainText = isPlainText,
                Extensions = Extensions.Of(Dialect.Cohere, OpenAiChatMembers.Beside(message, TurnMembers)),
            };
        }
    }

    private static void ReadContent(JsonElement message, string field, List<Part> parts)
    {
        if (message.Member("content") is not { } content)
        {
            return;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            OpenAiChatContentReader.Read(content, $"{field}.content", Dialect.Cohere, parts);
            return;
        }

        var start = parts.Count;
        OpenAiChatContentReader.Read(content, $"{field}.content", Dialect.Cohere, parts);
        for (var i = start; i < parts.Count; i++)
        {
            if (parts[i] is OpaquePart { Type: "document" } document && Document(document.Value) is { } file)
            {
                parts[i] = file;
            }
        }
    }

    /// <summary>A document has whatever members its maker gave it: the whole is kept beside what was read.</summary>
    private static FilePart? Document(JsonElement part)
    {
        if (part.Object("document")?.Object("data") is not { } data)
        {
            return null;
        }

        return new FilePart(new MediaSource { MediaType = "text/plain", Text = data.Text("text") ?? data.Text("snippet") ?? data.GetRawText() })
        {
            Title = data.Text("title"),
            Extensions = Extensions.Of(Dialect.Cohere, OpenAiChatMembers.Beside(part, DocumentMembers)),
        };
    }

    /// <summary>False when one of them is not about a text.</summary>
    private static bool AddCitations(JsonElement citations, int contents, List<Part> parts)
    {
        var found = new List<(int Part, Citation Citation)>(citations.GetArrayLength());
        var firstText = parts.FindIndex(p => p is TextPart);
        foreach (var citation in citations.EnumerateArray())
        {
            // "content_index: Index of the content block in which this citation appears."
            var place = citation.ValueKind != JsonValueKind.Object ? -1
                : citation.Text("type") == "PLAN" ? (parts.Count > contents ? contents : -1)
                : citation.Integer("content_index") is { } index ? (int)Math.Clamp(index, -1, int.MaxValue)
                : firstText;
            if (place < 0 || place >= parts.Count || parts[place] is not TextPart)
            {
                return false;
            }

            found.Add((place, ReadCitation(citation)));
        }

        foreach (var cited in found.GroupBy(c => c.Part))
        {
            parts[cited.Key] = ((TextPart)parts[cited.Key]) with { Citations = [.. cited.Select(c => c.Citation)] };
        }

        return true;
    }
}
