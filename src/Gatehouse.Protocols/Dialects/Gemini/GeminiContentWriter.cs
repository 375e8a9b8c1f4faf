using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes <c>systemInstruction</c> and <c>contents</c>.</summary>
internal sealed class GeminiContentWriter(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
{
    private readonly bool _isOwn = request.Dialect == Dialect.Gemini;

    private readonly GeminiToolPartWriter _tools = new(request, context, writer);

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
                writer.WriteElement(member.Value);
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
        foreach (var turn in _isOwn ? WithoutForeignThoughts(turns) : AsAlternating(turns))
        {
            WriteTurn(turn);
        }

        writer.WriteEndArray();
    }

    private List<ChatMessage> AsAlternating(IReadOnlyList<ChatMessage> turns)
    {
        var alternating = Conversation.Alternate(turns.Select(AsTurn));
        if (alternating.Count == 0)
        {
            throw new MalformedException("messages", "there must be at least one message that is not empty");
        }

        Conversation.AnswerCalls(alternating);
        return InOrderOfCalls(alternating);
    }

    /// <summary>Google refuses a signature that it did not make, and a thought without its own is none to it.</summary>
    private IReadOnlyList<ChatMessage> WithoutForeignThoughts(IReadOnlyList<ChatMessage> turns)
    {
        if (!turns.Any(t => t.Parts.Any(IsForeignThought)))
        {
            return turns;
        }

        context.Dropped.Add("reasoning");
        return [.. turns
            .Select(t => t.Parts.Any(IsForeignThought) ? t with { Parts = [.. t.Parts.Where(p => !IsForeignThought(p))] } : t)
            .Where(t => t.Parts.Count > 0)];
    }

    private static bool IsForeignThought(Part part) => part is ReasoningPart { Signature: { Maker: not Dialect.Gemini } };

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

        if (!_tools.HasResultMedia)
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

            WriteText($"Part of the result of {_tools.NameOf(result)} ({result.CallId}):");
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

            writer.WriteElement(opaque.Value);
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
                _tools.WriteCall(call, isFirstCall);
                break;
            case ToolResultPart result:
                _tools.WriteResult(result, WriteMedium);
                break;
            default:
                WriteMedium(part);
                break;
        }

        WriteExtensions(writer, part.Extensions, "");
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
