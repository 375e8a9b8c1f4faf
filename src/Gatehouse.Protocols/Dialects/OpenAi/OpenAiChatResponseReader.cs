using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Reads whole answers of OpenAI's chat completions and of those who follow it, Mistral too.</summary>
internal static class OpenAiChatResponseReader
{
    /// <summary><c>usage</c> and <c>object</c> are not among them: as written, they say more than what is read.</summary>
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("id", MemberTypes.Text), ("model", MemberTypes.Text), ("created", MemberTypes.Integer), ("choices", MemberTypes.Array), ("service_tier", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> ChoiceMembers = OpenAiChatMembers.Table(
        ("index", MemberTypes.Integer), ("message", MemberTypes.Object), ("finish_reason", MemberTypes.Text | MemberTypes.Number), ("logprobs", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> MessageMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), ("tool_calls", MemberTypes.Array),
        (OpenAiChatToolCalls.FunctionCall, MemberTypes.Object), ("refusal", MemberTypes.Text), ("audio", MemberTypes.Object),
        ("images", MemberTypes.Array), ("annotations", MemberTypes.Array));

    public static ChatResponse Read(JsonElement body, string fallbackId, Dialect dialect)
    {
        if (body.Array("choices") is not { } list)
        {
            throw new MalformedException("choices", "the answer has no list of 'choices'");
        }

        var choices = new List<ChatChoice>(list.GetArrayLength());
        foreach (var choice in list.EnumerateArray())
        {
            var read = ReadChoice(choice, choices.Count, fallbackId, dialect);
            choices.Add(read with { Parts = WithSources(read.Parts, body, dialect) });
        }

        return new ChatResponse
        {
            Dialect = dialect,
            Id = body.Text("id"),
            Model = body.Text("model"),
            Created = body.Integer("created"),
            Choices = choices,
            Usage = OpenAiChatUsage.Find(body),
            ServiceTier = body.Text("service_tier"),
            Extensions = Extensions.Of(dialect, OpenAiChatMembers.Beside(body, Members)),
        };
    }

    /// <summary>A source, as OpenAI and OpenRouter tell it.</summary>
    public static Citation ReadAnnotation(JsonElement annotation, Dialect dialect)
    {
        var url = annotation.Object("url_citation");
        return new Citation
        {
            Dialect = dialect,
            Value = annotation,
            Url = url?.Text("url"),
            Title = url?.Text("title"),
            CitedText = url?.Text("content"),
            Start = url?.Integer("start_index"),
            End = url?.Integer("end_index"),
        };
    }

    /// <summary>
    /// The pages that Perplexity found, which it lists for the whole answer. They have no <see cref="Citation.Value"/>: in this dialect the
    /// list itself goes on.
    /// </summary>
    /// <param name="answer">A whole answer, or a chunk of a stream.</param>
    /// <param name="dialect">Whose it is.</param>
    public static IEnumerable<Citation> ReadSources(JsonElement answer, Dialect dialect)
    {
        var list = answer.Array("search_results") ?? answer.Array("citations");
        return list is null ? [] : list.Value.EnumerateArray().Select(source => new Citation
        {
            Dialect = dialect,
            Value = default,
            Url = source.ValueKind == JsonValueKind.String ? source.TextOrFail("citations") : source.Text("url"),
            Title = source.Text("title"),
            // Of no place in the text; OpenRouter tells such pages in the same way.
            Start = 0,
            End = 0,
        }).Where(citation => citation.Url is not null);
    }

    private static IReadOnlyList<Part> WithSources(IReadOnlyList<Part> parts, JsonElement answer, Dialect dialect)
    {
        if ((answer.Array("search_results") ?? answer.Array("citations")) is null || parts is not [.., TextPart { Citations.Count: 0 } text])
        {
            return parts;
        }

        return [.. parts.SkipLast(1), text with { Citations = [.. ReadSources(answer, dialect)] }];
    }

    private static ChatChoice ReadChoice(JsonElement choice, int place, string fallbackId, Dialect dialect)
    {
        if (choice.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException($"choices[{place}]", $"'choices[{place}]' is not an object");
        }

        var number = (int)Math.Clamp(choice.Integer("index") ?? place, 0, int.MaxValue);
        var more = Extensions.Of(dialect, OpenAiChatMembers.Beside(choice, ChoiceMembers));
        if (choice.Object("message") is not { } message)
        {
            // Azure: an answer that was filtered as a whole has none.
            return new ChatChoice(number, [], OpenAiChatStop.Read(choice)) { Extensions = more };
        }

        var parts = new List<Part>();
        OpenAiChatReasoning.Read(message, dialect, parts);
        if (message.Member("content") is { ValueKind: JsonValueKind.String or JsonValueKind.Array } content)
        {
            OpenAiChatContentReader.Read(content, $"choices[{place}].message.content", dialect, parts);
        }

        OpenAiChatMessageReader.ReadBeside(message, parts);
        ReadAnnotations(message, dialect, parts);
        OpenAiChatToolCalls.Read(message, $"choices[{place}].message", $"call{fallbackId}{place}x", dialect, parts);
        return new ChatChoice(number, parts, OpenAiChatStop.Read(choice))
        {
            Logprobs = choice.Object("logprobs"),
            Extensions = more,
            MessageExtensions = Extensions.Of(dialect, MessageRest(message, parts)),
        };
    }

    private static void ReadAnnotations(JsonElement message, Dialect dialect, List<Part> parts)
    {
        if (message.Array("annotations") is not { } annotations || annotations.GetArrayLength() == 0)
        {
            return;
        }

        var at = parts.FindLastIndex(p => p is TextPart);
        if (at < 0)
        {
            parts.Add(new TextPart(""));
            at = parts.Count - 1;
        }

        parts[at] = ((TextPart)parts[at]) with { Citations = [.. annotations.EnumerateArray().Select(a => ReadAnnotation(a, dialect))] };
    }

    /// <summary>Besides what is unknown: what is there and empty, so that a client finds the members that it knows.</summary>
    private static List<Extension>? MessageRest(JsonElement message, List<Part> parts)
    {
        var rest = OpenAiChatMembers.Beside(message, MessageMembers);
        _ = rest?.RemoveAll(m => OpenAiChatReasoning.IsMember(m.Name) && parts.Exists(p => p is ReasoningPart { Extensions: not null }));
        _ = rest?.RemoveAll(m => m.Name == OpenAiChatToolCalls.ExtraContent && parts.Exists(p => p is TextPart { Signature: not null }));
        foreach (var member in message.EnumerateObject())
        {
            var isEmpty = member.Value.ValueKind switch
            {
                JsonValueKind.String => member.Value.ValueEquals("") && member.Name is "content" or "refusal",
                JsonValueKind.Array => member.Value.GetArrayLength() == 0 && member.Name is "content" or "tool_calls" or "annotations" or "images",
                // The older form: an answer has it as it came, whatever its reader asked for.
                JsonValueKind.Object => member.Name == OpenAiChatToolCalls.FunctionCall,
                _ => false,
            };
            if (isEmpty)
            {
                (rest ??= []).Add(new Extension(member.Name, member.Value));
            }
        }

        return rest;
    }
}
