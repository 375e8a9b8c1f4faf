using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes <c>systemInstruction</c> and <c>contents</c>.</summary>
internal sealed class GeminiContentWriter(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
{
    private readonly bool _isOwn = request.Dialect == Dialect.Gemini;

    private readonly Dictionary<string, string> _toolNames = Conversation.ToolNames(request.Messages);

    /// <summary>
    /// The Gemini API knows ids of calls; Vertex AI has refused them: <c>Unknown name "id" at 'contents[1].parts[0].function_call'</c>.
    /// Without them calls and results are joined by name and order.
    /// </summary>
    private readonly bool _hasIds = request.Dialect == Dialect.Gemini ? !context.Rules.Has("no_function_call_ids") : context.Rules.Has("function_call_ids");

    /// <summary>"Multimodal function responses" came with Gemini 3: images and files within a result. Before, they stand behind it.</summary>
    private readonly bool _hasResultMedia = request.Dialect == Dialect.Gemini || context.Rules.Has("function_response_media");

    /// <summary>Members that stand within an object of this one: those whose name begins with a prefix, without it.</summary>
    public static void WriteExtensions(Utf8JsonWriter writer, Extensions? extensions, string prefix)
    {
        if (extensions?.Dialect != Dialect.Gemini)
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (prefix.Length == 0 ? !member.Name.Contains('.', StringComparison.Ordinal) : member.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                writer.WritePropertyName(member.Name[prefix.Length..]);
                member.Value.WriteTo(writer);
            }
        }
    }

    public void Write()
    {
        NameLosses();
        var (system, turns) = Conversation.SplitSystem(request.Messages);
        if (turns.Count == 0 && !_isOwn)
        {
            // "contents is not specified": a system prompt alone is what the user says.
            (system, turns) = ([], system);
        }

        if (system.Count > 0)
        {
            writer.WriteStartObject("systemInstruction"u8);
            writer.WriteStartArray("parts"u8);
            foreach (var message in system)
            {
                WriteSystemParts(message);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteStartArray("contents"u8);
        foreach (var turn in _isOwn ? turns : InOrderOfCalls(Conversation.Alternate(turns.Select(AsTurn))))
        {
            WriteTurn(turn);
        }

        writer.WriteEndArray();
    }

    private void NameLosses()
    {
        for (var i = 0; i < request.Messages.Count; i++)
        {
            var message = request.Messages[i];
            var prefix = _isOwn ? "" : string.Create(CultureInfo.InvariantCulture, $"messages[{i}].");
            context.Dropped.Add(message.Extensions, Dialect.Gemini, prefix);
            if (message.Name is not null)
            {
                context.Dropped.Add(prefix + "name");
            }

            if (message.CacheControl is not null || message.Parts.Any(p => p.CacheControl is not null))
            {
                context.Dropped.Add("cache_control");
            }

            foreach (var part in message.Parts)
            {
                context.Dropped.Add(part.Extensions, Dialect.Gemini, prefix);
            }
        }
    }

    /// <summary>Where Gemini has no turn: a system prompt within the conversation. What the target cannot be sent is left out.</summary>
    private ChatMessage AsTurn(ChatMessage message)
    {
        if (Conversation.IsSystem(message.Role))
        {
            return new ChatMessage(Role.User, [new TextPart($"<system>\n{Conversation.TextOf(message.Parts)}\n</system>")]);
        }

        return message with { Parts = [.. message.Parts.Where(CanStand)] };
    }

    private bool CanStand(Part part)
    {
        switch (part)
        {
            case TextPart { Text: "" } text:
                // "must have one initialized field": an empty text is only good for its signature.
                return GeminiSignatures.Own(text.Signature) is not null;
            case ReasoningPart reasoning when GeminiSignatures.Own(reasoning.Signature) is null:
                context.Dropped.Add("reasoning");
                return false;
            default:
                return true;
        }
    }

    /// <summary>
    /// "The number of function response parts should be equal to the number of function call parts of the function call turn"; without ids
    /// they are joined by order too.
    /// </summary>
    private static List<ChatMessage> InOrderOfCalls(List<ChatMessage> turns)
    {
        for (var i = 1; i < turns.Count; i++)
        {
            var results = turns[i].Parts.OfType<ToolResultPart>().ToList();
            if (turns[i].Role != Role.User || results.Count < 2)
            {
                continue;
            }

            var order = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var call in turns[i - 1].Parts.OfType<ToolCallPart>())
            {
                _ = order.TryAdd(call.Id, order.Count);
            }

            turns[i] = turns[i] with
            {
                Parts =
                [
                    .. results.OrderBy(r => order.GetValueOrDefault(r.CallId, int.MaxValue)),
                    .. turns[i].Parts.Where(p => p is not ToolResultPart),
                ],
            };
        }

        return turns;
    }

    private void WriteSystemParts(ChatMessage message)
    {
        foreach (var part in message.Parts)
        {
            if (!_isOwn && part is not (TextPart or RefusalPart))
            {
                throw new UnsupportedException("a part of a system message that is not text");
            }

            if (_isOwn || part is not TextPart { Text: "" })
            {
                WritePart(part, isFirstCall: false);
            }
        }
    }

    private void WriteTurn(ChatMessage turn)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, turn.Role == Role.Assistant ? "model"u8 : turn.Role == Role.User ? "user"u8 : "system"u8);
        writer.WriteStartArray("parts"u8);
        var isFirstCall = true;
        foreach (var part in turn.Parts)
        {
            WritePart(part, isFirstCall);
            isFirstCall &= part is not ToolCallPart;
        }

        if (!_hasResultMedia)
        {
            WriteResultMedia(turn);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Behind all results, so that they stay together; a line says where they come from.</summary>
    private void WriteResultMedia(ChatMessage turn)
    {
        foreach (var result in turn.Parts.OfType<ToolResultPart>())
        {
            var media = result.Content.Where(p => p is not (TextPart or RefusalPart)).ToList();
            if (media.Count == 0)
            {
                continue;
            }

            WriteText($"Part of the result of {NameOf(result)} ({result.CallId}):");
            foreach (var part in media)
            {
                WritePart(part, isFirstCall: false);
            }
        }
    }

    private void WritePart(Part part, bool isFirstCall)
    {
        switch (part)
        {
            case FilePart { Content: { } content }:
                WriteDocument((FilePart)part, content);
                return;
            case FilePart file when !_isOwn && (file.Title ?? file.Context) is not null:
                WriteText(HeadOf(file));
                break;
        }

        if (part is OpaquePart opaque)
        {
            if (opaque.Dialect != Dialect.Gemini)
            {
                throw new UnsupportedException($"a part of type '{opaque.Type}'");
            }

            opaque.Value.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                writer.WriteString("text"u8, text.Text);
                GeminiSignatures.Write(writer, GeminiSignatures.Own(text.Signature));
                break;
            case RefusalPart refusal:
                writer.WriteString("text"u8, refusal.Text);
                break;
            case ReasoningPart reasoning:
                writer.WriteBoolean("thought"u8, true);
                writer.WriteOptional("text", reasoning.IsRedacted ? null : reasoning.Text);
                GeminiSignatures.Write(writer, GeminiSignatures.Own(reasoning.Signature));
                break;
            case ToolCallPart call:
                WriteCall(call, isFirstCall);
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
            default:
                WriteMedium(part);
                break;
        }

        WriteExtensions(writer, part.Extensions, "");
        writer.WriteEndObject();
    }

    private void WriteCall(ToolCallPart call, bool isFirst)
    {
        if (call.IsCustom)
        {
            throw new UnsupportedException($"a call of the custom tool '{call.Name}'");
        }

        writer.WriteStartObject("functionCall"u8);
        if (_hasIds && !call.HasMadeId)
        {
            writer.WriteString("id"u8, call.Id);
        }

        writer.WriteString("name"u8, call.Name);
        writer.WritePropertyName("args"u8);
        writer.WriteJsonObject(call.Arguments);
        WriteExtensions(writer, call.Extensions, "functionCall.");
        writer.WriteEndObject();
        // "Parallel function calls: only the first functionCall part contains a signature."
        var signature = GeminiSignatures.Own(call.Signature);
        GeminiSignatures.Write(writer, signature ?? (isFirst && context.Rules.Has("thought_signatures") ? GeminiSignatures.None : null));
    }

    private void WriteResult(ToolResultPart result)
    {
        writer.WriteStartObject("functionResponse"u8);
        if (_hasIds && !result.HasMadeId)
        {
            writer.WriteString("id"u8, result.CallId);
        }

        writer.WriteString("name"u8, NameOf(result));
        writer.WritePropertyName("response"u8);
        WriteResponse(result);
        if (_hasResultMedia && result.Content.Any(p => p is not (TextPart or RefusalPart)))
        {
            writer.WriteStartArray("parts"u8);
            foreach (var part in result.Content.Where(p => p is not (TextPart or RefusalPart)))
            {
                writer.WriteStartObject();
                WriteMedium(part);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        WriteExtensions(writer, result.Extensions, "functionResponse.");
        writer.WriteEndObject();
    }

    private string NameOf(ToolResultPart result) => result.Name ?? _toolNames.GetValueOrDefault(result.CallId)
        ?? throw new MalformedException("messages", $"there is a result for the tool call '{result.CallId}', but no such call before it");

    /// <summary>An object: the result itself if it is one, else "use 'output' key ... and 'error' key"; Google's SDKs write 'result'.</summary>
    private void WriteResponse(ToolResultPart result)
    {
        if (result.Json is { } json)
        {
            json.WriteTo(writer);
            return;
        }

        var text = Conversation.TextOf(result.Content) ?? "";
        if (result.IsError != true && GeminiObjects.TryParse(text) is { } document)
        {
            using (document)
            {
                document.RootElement.WriteTo(writer);
            }

            return;
        }

        writer.WriteStartObject();
        if (text.Length > 0 || result.Content.Count == 0)
        {
            writer.WriteString(result.IsError == true ? "error"u8 : "result"u8, text);
        }

        writer.WriteEndObject();
    }

    private void WriteMedium(Part part)
    {
        var source = GeminiMediaWriter.SourceOf(part);
        if (source is null || !GeminiMediaWriter.CanWrite(source))
        {
            if (part is AudioPart { Transcript: { } transcript })
            {
                writer.WriteString("text"u8, transcript);
                return;
            }

            throw new UnsupportedException("a part that holds no data");
        }

        if (source.FileId is not null && !_isOwn)
        {
            throw new UnsupportedException("a file that was uploaded to another provider (file_id)");
        }

        if (part is ImagePart { Detail: not (null or "auto") })
        {
            context.Dropped.Add("image_url.detail");
        }

        if (part is FilePart { Citations: true })
        {
            context.Dropped.Add("citations");
        }

        GeminiMediaWriter.Write(writer, part);
        GeminiSignatures.Write(writer, GeminiSignatures.Own((part as ImagePart)?.Signature));
    }

    private void WriteDocument(FilePart file, IReadOnlyList<Part> content)
    {
        if ((file.Title ?? file.Context) is not null)
        {
            WriteText(HeadOf(file));
        }

        if (file.Citations == true)
        {
            context.Dropped.Add("citations");
        }

        foreach (var part in content)
        {
            WritePart(part, isFirstCall: false);
        }
    }

    /// <summary>What the model is told of a document, for which Gemini has no field.</summary>
    private static string HeadOf(FilePart file) => string.Join('\n', new[] { file.Title, file.Context }.OfType<string>());

    private void WriteText(string text)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }
}
