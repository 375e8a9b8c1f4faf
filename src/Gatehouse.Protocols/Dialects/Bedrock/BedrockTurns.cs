using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Brings a conversation into Bedrock's form: system blocks first, then turns of the user and the model in alternation, with the results of
/// tools before all else; of other dialects also without blank texts ("The text field in the ContentBlock object is blank").
/// </summary>
internal sealed class BedrockTurns
{
    /// <summary>Nova: "no mix of text and toolResult in a turn". A turn of the model stands between, as recorded clients have it.</summary>
    private const string NoMixTrait = "no_mixed_tool_results";

    private static readonly ChatMessage Between = new(Role.Assistant, [new TextPart(".")]);

    private readonly ChatRequest _request;
    private readonly RequestContext _context;
    private readonly BedrockModelFamily _family;
    private readonly bool _isOwn;

    private BedrockTurns(ChatRequest request, RequestContext context, BedrockModelFamily family) =>
        (_request, _context, _family, _isOwn) = (request, context, family, request.Dialect == Dialect.Bedrock);

    /// <summary>"This field is only supported by Amazon Nova and Anthropic Claude 3 and 4 models."</summary>
    private bool TakesStatus => _isOwn || _family is BedrockModelFamily.Claude or BedrockModelFamily.Unknown || _family.IsNova();

    /// <exception cref="UnsupportedException">A part has no form here.</exception>
    public static (IReadOnlyList<Part> System, List<ChatMessage> Turns) Of(ChatRequest request, RequestContext context, BedrockModelFamily family) =>
        new BedrockTurns(request, context, family).Build();

    private (IReadOnlyList<Part> System, List<ChatMessage> Turns) Build()
    {
        var system = new List<Part>();
        var messages = new List<ChatMessage>(_request.Messages.Count);
        var isLeading = true;
        List<Part> lastSystem = [];
        for (var i = 0; i < _request.Messages.Count; i++)
        {
            var message = _request.Messages[i];
            isLeading &= Conversation.IsSystem(message.Role);
            var parts = Prepare(message, i);
            if (isLeading)
            {
                system.AddRange(parts);
                lastSystem = parts;
            }
            else if (Conversation.IsSystem(message.Role) && !_isOwn)
            {
                var text = Conversation.TextOf(parts);
                messages.Add(new ChatMessage(Role.User, text is null ? [] : [new TextPart($"<system>\n{text}\n</system>") { CacheControl = parts[^1].CacheControl }]));
            }
            else
            {
                messages.Add(message with { Role = message.Role == Role.Developer ? Role.System : message.Role, Parts = parts });
            }
        }

        var turns = Conversation.Alternate(messages);
        if (!_isOwn)
        {
            if (turns.Count == 0 && lastSystem.Count > 0)
            {
                // "A conversation must start with a user message" (its 400): the last instruction is what is asked.
                turns.Add(new ChatMessage(Role.User, lastSystem));
                system.RemoveRange(system.Count - lastSystem.Count, lastSystem.Count);
            }

            Conversation.OpenWithUser(turns);
            Conversation.AnswerCalls(turns, TakesStatus);
        }

        TrimEnd(turns);
        if (_context.Rules.Has(NoMixTrait))
        {
            turns = Unmix(turns);
        }

        CacheWhole(turns);
        if (!_isOwn && JsonInstruction.Of(_request) is { } line)
        {
            system.Add(line);
        }

        return (system, turns);
    }

    private List<Part> Prepare(ChatMessage message, int index)
    {
        if (message.Name is not null)
        {
            _context.Dropped.Add("name");
        }

        if (message.Extensions is not null)
        {
            _context.Dropped.Add(message.Extensions, Dialect.Bedrock, $"messages[{index}].");
        }

        var parts = new List<Part>(message.Parts.Count);
        for (var j = 0; j < message.Parts.Count; j++)
        {
            var place = new BlockPlace($"messages[{index}].content", j);
            var isSystem = Conversation.IsSystem(message.Role);
            if (Prepare(message.Parts[j], place, isSystem) is { } part)
            {
                parts.Add(part.CacheControl is null ? part : Cached(part, part.CacheControl));
            }
            else if (message.Parts[j].CacheControl is { } point && parts is [.., { CacheControl: null } before])
            {
                // The prompt is cached up to here, whether a part that says nothing stands here or not.
                parts[^1] = Cached(before, point);
            }
        }

        if (message.CacheControl is { } cache && parts is [.., { CacheControl: null } last])
        {
            parts[^1] = Cached(last, cache);
        }

        return parts;
    }

    /// <summary>Null for a part that is left out.</summary>
    private Part? Prepare(Part part, BlockPlace place, bool isSystem)
    {
        if (part.Extensions is { Dialect: not Dialect.Bedrock })
        {
            _context.Dropped.Add(part.Extensions, Dialect.Bedrock, $"{place}.");
        }

        if (isSystem && part is not (TextPart or OpaquePart { Dialect: Dialect.Bedrock }))
        {
            throw new UnsupportedException($"{place} (something else than text in a system message)");
        }

        switch (part)
        {
            case TextPart text:
                return Text(text);
            case RefusalPart refusal:
                return string.IsNullOrWhiteSpace(refusal.Text) ? null : new TextPart(refusal.Text) { CacheControl = refusal.CacheControl };
            case ToolCallPart call:
                return Call(call, place);
            case ToolResultPart result:
                return Result(result, place);
            case ReasoningPart reasoning:
                return Reasoning(reasoning);
            case OpaquePart { Dialect: not Dialect.Bedrock } opaque:
                throw new UnsupportedException($"{place} ({opaque.Type})");
            case AudioPart { Source: { Base64: null, Url: null, FileId: null }, Transcript: { Length: > 0 } transcript } when !_isOwn:
                return new TextPart(transcript) { CacheControl = part.CacheControl };
            case ImagePart { Detail: not (null or "auto") }:
                _context.Dropped.Add("detail");
                break;
        }

        if (!_isOwn && BedrockMediaWriter.Fault(part) is { } fault)
        {
            throw new UnsupportedException($"{place} ({fault})");
        }

        return part;
    }

    private TextPart? Text(TextPart text)
    {
        if (_isOwn)
        {
            return text;
        }

        // Where a text comes from is of use to its reader, and not to the model that wrote it.
        return string.IsNullOrWhiteSpace(text.Text) ? null : text.Citations.Count > 0 ? text with { Citations = [] } : text;
    }

    private static ToolCallPart Call(ToolCallPart call, BlockPlace place)
    {
        if (call.IsCustom)
        {
            throw new UnsupportedException($"{place} (a call of the custom tool '{call.Name}')");
        }

        return call;
    }

    private ToolResultPart Result(ToolResultPart result, BlockPlace place)
    {
        var cache = result.CacheControl;
        var content = new List<Part>(result.Content.Count);
        for (var i = 0; i < result.Content.Count; i++)
        {
            var inner = new BlockPlace($"{place}.content", i);
            if (result.Content[i] is AudioPart or ToolCallPart or ToolResultPart or ReasoningPart)
            {
                throw new UnsupportedException($"{inner} (something else than text, images and documents in the result of a tool)");
            }

            if (Prepare(result.Content[i], inner, isSystem: false) is { } part)
            {
                // Cache points stand between blocks of a message, not in a result.
                cache ??= part.CacheControl;
                content.Add(part.CacheControl is null ? part : part with { CacheControl = null });
            }
        }

        if (result.IsError is true && !TakesStatus)
        {
            _context.Dropped.Add("is_error");
        }

        return result with { Content = content, CacheControl = cache, IsError = TakesStatus ? result.IsError : null };
    }

    private ReasoningPart? Reasoning(ReasoningPart reasoning)
    {
        var isReadable = _isOwn
            ? reasoning.Signature is null || BedrockSignature.IsOwn(reasoning.Signature)
            : BedrockSignature.IsOwn(reasoning.Signature) && _family is BedrockModelFamily.Claude or BedrockModelFamily.Unknown;
        if (isReadable)
        {
            return reasoning;
        }

        _context.Dropped.Add("reasoning");
        return null;
    }

    private Part Cached(Part part, CacheControl cache)
    {
        if (!_isOwn)
        {
            _context.Dropped.Add(cache.Extensions, Dialect.Bedrock, "cache_control.");
            if (!_family.TakesCachePoints())
            {
                _context.Dropped.Add("cache_control");
                return part with { CacheControl = null };
            }

            if (cache.OneHour && _family.IsNova())
            {
                _context.Dropped.Add("cache_control.ttl");
                return part with { CacheControl = new CacheControl(OneHour: false) };
            }
        }

        return part with { CacheControl = cache };
    }

    /// <summary>The whole prompt is to be cached: up to its last block.</summary>
    private void CacheWhole(List<ChatMessage> turns)
    {
        if (_request.CacheControl is { } cache && turns is [.., { Parts: [.., { CacheControl: null } last] } turn])
        {
            turns[^1] = turn with { Parts = [.. turn.Parts.Take(turn.Parts.Count - 1), Cached(last, cache)] };
        }
    }

    /// <summary>"final assistant content cannot end with trailing whitespace" (Claude's 400).</summary>
    private void TrimEnd(List<ChatMessage> turns)
    {
        if (_family == BedrockModelFamily.Claude && turns is [.., { Role: Role.Assistant, Parts: [.., TextPart last] } turn]
            && last.Text.Length > 0 && char.IsWhiteSpace(last.Text[^1]))
        {
            turns[^1] = turn with { Parts = [.. turn.Parts.Take(turn.Parts.Count - 1), last with { Text = last.Text.TrimEnd() }] };
        }
    }

    private static List<ChatMessage> Unmix(List<ChatMessage> turns)
    {
        var unmixed = new List<ChatMessage>(turns.Count);
        foreach (var turn in turns)
        {
            var results = turn.Parts.TakeWhile(p => p is ToolResultPart).ToList();
            if (results.Count == 0 || results.Count == turn.Parts.Count)
            {
                unmixed.Add(turn);
                continue;
            }

            unmixed.Add(turn with { Parts = results });
            unmixed.Add(Between);
            unmixed.Add(turn with { Parts = [.. turn.Parts.Skip(results.Count)] });
        }

        return unmixed;
    }
}
