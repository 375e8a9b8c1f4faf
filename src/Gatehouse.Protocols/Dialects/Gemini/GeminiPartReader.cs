using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Reads the parts of a content, of requests and answers alike.</summary>
internal static class GeminiPartReader
{
    /// <param name="part">An object.</param>
    /// <param name="ids">Joins calls and results.</param>
    /// <param name="field">Where it stands, for messages.</param>
    /// <returns>Null for an empty one.</returns>
    public static Part? Read(JsonElement part, GeminiCallIds ids, Func<string> field)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field(), $"'{field()}' must be an object, like {{\"text\": \"...\"}}");
        }

        string? kind = null;
        JsonElement data = default;
        var isThought = false;
        Signature? signature = null;
        List<Extension>? extensions = null;
        foreach (var member in part.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiMembers.NameOf(member))
            {
                case "thought" when GeminiMembers.Flag(value) is { } flag:
                    isThought = flag;
                    break;
                case "thoughtSignature" when GeminiMembers.Text(value) is { } text:
                    signature = Signature.FromBase64(Dialect.Gemini, text);
                    break;
                case "text" when value.ValueKind == JsonValueKind.String:
                    (kind, data) = ("text", value);
                    break;
                case var name and ("inlineData" or "fileData" or "functionCall" or "functionResponse") when value.ValueKind == JsonValueKind.Object:
                    (kind, data) = (name, value);
                    break;
                case var name and ("executableCode" or "codeExecutionResult" or "toolCall" or "toolResponse"):
                    (kind, data) = (name, value);
                    break;
                case "functionCall" or "functionResponse" or "text" or "inlineData" or "fileData":
                    throw new MalformedException(field(), $"'{field()}' holds a member of the wrong type");
                case var name:
                    (extensions ??= []).Add(new Extension(name, value));
                    break;
            }
        }

        return kind switch
        {
            null when signature is not null || isThought => isThought
                ? new ReasoningPart { Signature = signature, IsRedacted = signature is not null, Extensions = Extensions.Of(Dialect.Gemini, extensions) }
                : new TextPart("") { Signature = signature, Extensions = Extensions.Of(Dialect.Gemini, extensions) },
            null => extensions is null ? null : new OpaquePart(Dialect.Gemini, extensions[0].Name, part),
            "text" when isThought => new ReasoningPart
            {
                Text = data.TextOrFail("text"),
                Signature = signature,
                Extensions = Extensions.Of(Dialect.Gemini, extensions),
            },
            "text" => new TextPart(data.TextOrFail("text")) { Signature = signature, Extensions = Extensions.Of(Dialect.Gemini, extensions) },
            "functionCall" => ReadCall(data, ids, field, extensions) with { Signature = signature },
            "functionResponse" => ReadResult(data, ids, field, extensions),
            "inlineData" or "fileData" => GeminiMediaReader.Read(data, kind == "fileData", signature, extensions, field),
            _ => new OpaquePart(Dialect.Gemini, kind, part),
        };
    }

    private static ToolCallPart ReadCall(JsonElement call, GeminiCallIds ids, Func<string> field, List<Extension>? extensions)
    {
        string? name = null;
        string? id = null;
        string? arguments = null;
        foreach (var member in call.EnumerateObject())
        {
            switch (GeminiMembers.NameOf(member))
            {
                case "name":
                    name = GeminiMembers.Text(member.Value);
                    break;
                case "id":
                    id = GeminiMembers.Text(member.Value);
                    break;
                case "args" when member.Value.ValueKind == JsonValueKind.Object:
                    arguments = member.Value.JsonTextOrFail("value");
                    break;
                case var other when member.Value.ValueKind != JsonValueKind.Null:
                    (extensions ??= []).Add(new Extension("functionCall." + other, member.Value));
                    break;
            }
        }

        if (string.IsNullOrEmpty(name))
        {
            throw new MalformedException(field() + ".functionCall.name", $"'{field()}.functionCall.name' is missing; it must name the function");
        }

        var isMade = string.IsNullOrEmpty(id);
        id = isMade ? ids.Make() : id!;
        ids.Open(name, id);
        return new ToolCallPart(id, name, arguments ?? "{}") { HasMadeId = isMade, Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }

    private static ToolResultPart ReadResult(JsonElement result, GeminiCallIds ids, Func<string> field, List<Extension>? extensions)
    {
        string? name = null;
        string? id = null;
        JsonElement? response = null;
        var media = new List<Part>();
        foreach (var member in result.EnumerateObject())
        {
            switch (GeminiMembers.NameOf(member))
            {
                case "name":
                    name = GeminiMembers.Text(member.Value);
                    break;
                case "id":
                    id = GeminiMembers.Text(member.Value);
                    break;
                case "response" when member.Value.ValueKind == JsonValueKind.Object:
                    response = member.Value;
                    break;
                case "parts" when member.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object:
                    media.AddRange(GeminiMembers.Repeated(member.Value).Select(p => Read(p, ids, field)).OfType<Part>());
                    break;
                case var other when member.Value.ValueKind != JsonValueKind.Null:
                    (extensions ??= []).Add(new Extension("functionResponse." + other, member.Value));
                    break;
            }
        }

        if (string.IsNullOrEmpty(name))
        {
            throw new MalformedException(field() + ".functionResponse.name", $"'{field()}.functionResponse.name' is missing; it must name the function");
        }

        var isMade = string.IsNullOrEmpty(id);
        if (isMade)
        {
            id = ids.AnswerByName(name);
        }
        else
        {
            ids.Answer(id!);
        }

        var (text, isError) = TextOf(response);
        return new ToolResultPart(id!)
        {
            Name = name,
            Json = response,
            HasMadeId = isMade,
            IsError = isError ? true : null,
            IsPlainText = media.Count == 0,
            Content = text is null ? media : [new TextPart(text), .. media],
            Extensions = Extensions.Of(Dialect.Gemini, extensions),
        };
    }

    /// <summary>
    /// What other dialects, whose results are text, are told. "Use 'output' key to specify function output and 'error' key to specify
    /// error details"; SDKs use 'result' too.
    /// </summary>
    private static (string? Text, bool IsError) TextOf(JsonElement? response)
    {
        if (response is not { } json)
        {
            return (null, false);
        }

        var count = 0;
        JsonProperty only = default;
        foreach (var member in json.EnumerateObject())
        {
            count++;
            only = member;
        }

        return (count, count == 1 ? JsonMembers.NameOf(only) : null) switch
        {
            (0, _) => (null, false),
            (1, "error") => (Plain(only.Value), true),
            (1, "result" or "output") => (Plain(only.Value), false),
            _ => (json.JsonTextOrFail("value"), false),
        };
    }

    private static string Plain(JsonElement value) => GeminiMembers.Text(value) ?? value.JsonTextOrFail("value");
}
