using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>One answer of a stream. Thoughts, text and refusal follow each other; tool calls and a sound stand beside them.</summary>
internal sealed class OpenAiChatStreamChoice(int index, string fallbackId, Dialect dialect, StreamParts parts)
{
    private const int None = -1;

    private readonly List<OpenCall> _calls = [];

    /// <summary>The last call of each place.</summary>
    private readonly Dictionary<long, OpenCall> _byPlace = [];

    /// <summary>The last call of each id.</summary>
    private readonly Dictionary<string, OpenCall> _byId = new(StringComparer.Ordinal);
    private int _open = None;
    private Kind _openKind;
    private bool _isSigned;
    private int _audio = None;
    private bool _hasCalls;
    private bool _hasContent;

    [Flags]
    private enum DeltaContent
    {
        None = 0,
        Text = 1,
        Reasoning = 2,
        Calls = 4,
        Other = 8,
    }

    private enum Kind
    {
        Text,
        Refusal,
        Reasoning,
    }

    public int Index { get; } = index;

    /// <summary>The first reason that was told; null while there is none.</summary>
    public Stop? Stop { get; private set; }

    public void Read(JsonElement choice, List<ChatStreamEvent> events)
    {
        // A server that does not stream sends a whole message in one chunk; Perplexity sends both, and the message is cumulative.
        var delta = choice.Object("delta");
        if (delta is null && !_hasContent)
        {
            delta = choice.Object("message");
        }

        if (delta is { } piece)
        {
            var content = ContentOf(piece);
            if (content.HasFlag(DeltaContent.Reasoning))
            {
                ReadReasoning(piece, events);
            }

            if (content.HasFlag(DeltaContent.Text))
            {
                ReadContent(piece, choice, events);
            }

            if (content.HasFlag(DeltaContent.Other))
            {
                ReadBeside(piece, events);
            }

            if (content.HasFlag(DeltaContent.Calls))
            {
                ReadCalls(piece, events);
            }
        }

        if (OpenAiChatStop.Read(choice) is { } stop)
        {
            // "length" after "tool_calls" is an echo.
            Stop ??= stop;
            CloseAll(events);
        }
    }

    public void Cite(Citation citation, List<ChatStreamEvent> events) => events.Add(new PartCited(Open(Kind.Text, events), citation));

    public void End(List<ChatStreamEvent> events)
    {
        CloseAll(events);
        events.Add(new ChoiceStopped(Index, Stop ?? new Stop(_hasCalls ? StopReason.ToolUse : StopReason.EndTurn, null)));
    }

    /// <summary>What a delta has, by one look at its members: most have one of them, and there are many to look for.</summary>
    private static DeltaContent ContentOf(JsonElement delta)
    {
        var content = DeltaContent.None;
        foreach (var member in delta.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null || member.NameEquals("role"u8))
            {
                continue;
            }

            content |= member.NameEquals("content"u8) || member.NameEquals("refusal"u8) ? DeltaContent.Text
                : member.NameEquals("reasoning_content"u8) || member.NameEquals("reasoning"u8) || member.NameEquals("reasoning_details"u8) || member.NameEquals("thinking_blocks"u8)
                    ? DeltaContent.Reasoning
                : member.NameEquals("tool_calls"u8) || member.NameEquals("function_call"u8) ? DeltaContent.Calls
                : DeltaContent.Other;
        }

        return content;
    }

    private void ReadReasoning(JsonElement delta, List<ChatStreamEvent> events)
    {
        var hasText = false;
        foreach (var detail in delta.Items(OpenAiChatReasoning.Details))
        {
            hasText |= ReadDetail(detail, events);
        }

        if (!hasText && OpenAiChatReasoning.TextOf(delta) is { Length: > 0 } text)
        {
            AddReasoning(text, events);
        }

        foreach (var block in delta.Items("thinking_blocks"))
        {
            if (block.Text("signature") is { Length: > 0 } signature)
            {
                Sign(Signature.From(Dialect.Anthropic, signature), events);
            }
            else if (block.Text("data") is { } data)
            {
                AddWhole(new ReasoningPart { IsRedacted = true, Signature = Signature.From(Dialect.Anthropic, data) }, events);
            }
        }
    }

    /// <returns>Whether it had text.</returns>
    private bool ReadDetail(JsonElement detail, List<ChatStreamEvent> events)
    {
        var text = detail.Text("text") ?? detail.Text("summary");
        if (text is { Length: > 0 })
        {
            AddReasoning(text, events);
        }

        if (detail.Text("signature") is { Length: > 0 } signature)
        {
            Sign(OpenAiChatReasoning.SignatureOf(signature, detail.Text("format")), events);
        }

        if (detail.Text("data") is { Length: > 0 } data)
        {
            ReadEncrypted(OpenAiChatReasoning.SignatureOf(data, detail.Text("format")), detail.Text("id"), events);
        }

        return text is { Length: > 0 };
    }

    private void ReadEncrypted(Signature signature, string? id, List<ChatStreamEvent> events)
    {
        if (signature.Maker == Dialect.Gemini && id is not null && _byId.TryGetValue(id, out var call))
        {
            events.Add(new PartSigned(call.Part, signature));
        }
        else if (signature.Maker != Dialect.Anthropic && _open != None && _openKind == Kind.Reasoning && !_isSigned)
        {
            // The summary was told before, the thought itself comes last.
            Sign(signature, events);
        }
        else
        {
            AddWhole(new ReasoningPart { IsRedacted = true, Signature = signature, ItemId = id }, events);
        }
    }

    private void AddReasoning(string text, List<ChatStreamEvent> events)
    {
        if (_isSigned)
        {
            // A signature ends its thought: what comes next is another one.
            CloseOpen(events);
        }

        events.Add(new PartDelta(Open(Kind.Reasoning, events), text));
    }

    private void Sign(Signature signature, List<ChatStreamEvent> events)
    {
        events.Add(new PartSigned(Open(Kind.Reasoning, events), signature));
        _isSigned = true;
    }

    private void ReadContent(JsonElement delta, JsonElement choice, List<ChatStreamEvent> events)
    {
        switch (delta.Member("content"))
        {
            case { ValueKind: JsonValueKind.String } content when !content.ValueEquals(""u8):
                AddText(Kind.Text, content.TextOrFail("content"), choice, events);
                break;
            case { ValueKind: JsonValueKind.Array } chunks:
                foreach (var chunk in chunks.EnumerateArray())
                {
                    ReadContentChunk(chunk, choice, events);
                }

                break;
        }

        if (delta.Text("refusal") is { Length: > 0 } refusal)
        {
            AddText(Kind.Refusal, refusal, choice, events);
        }
    }

    /// <summary>Mistral's pieces of thoughts and text.</summary>
    private void ReadContentChunk(JsonElement chunk, JsonElement choice, List<ChatStreamEvent> events)
    {
        var type = chunk.Text("type");
        if (type == "thinking")
        {
            var text = chunk.Array("thinking") is { } list ? OpenAiChatContentReader.ThinkingText(list) : chunk.Text("thinking") ?? "";
            if (text.Length > 0)
            {
                AddReasoning(text, events);
            }
        }
        else if (chunk.Text("text") is { } text)
        {
            if (text.Length > 0)
            {
                AddText(Kind.Text, text, choice, events);
            }
        }
        else if (type is not null)
        {
            AddWhole(new OpaquePart(dialect, type, chunk.Clone()), events);
        }
    }

    private void AddText(Kind kind, string text, JsonElement choice, List<ChatStreamEvent> events)
    {
        var part = Open(kind, events);
        events.Add(choice.Object("logprobs") is { } logprobs ? new PartDelta(part, text) { Logprobs = logprobs.Clone() } : new PartDelta(part, text));
    }

    private void ReadBeside(JsonElement delta, List<ChatStreamEvent> events)
    {
        if (OpenAiChatToolCalls.ExtraSignature(delta) is { } signature)
        {
            events.Add(new PartSigned(Open(Kind.Text, events), signature));
        }

        foreach (var annotation in delta.Items("annotations"))
        {
            events.Add(new PartCited(Open(Kind.Text, events), OpenAiChatResponseReader.ReadAnnotation(annotation.Clone(), dialect)));
        }

        foreach (var item in delta.Items("images"))
        {
            if (OpenAiChatContentReader.Image(item) is { } image)
            {
                AddWhole(image, events);
            }
        }

        if (delta.Object("audio") is not { } audio)
        {
            return;
        }

        if (_audio == None)
        {
            CloseOpen(events);
            _audio = parts.Next();
            _hasContent = true;
            events.Add(new PartStarted(Index, _audio, new AudioPart(new MediaSource()) { Id = audio.Text("id") }));
        }

        events.Add(new AudioDelta(_audio, audio.Text("data"), audio.Text("transcript")) { Id = audio.Text("id"), ExpiresAt = audio.Integer("expires_at") });
    }

    private void ReadCalls(JsonElement delta, List<ChatStreamEvent> events)
    {
        foreach (var call in delta.Items("tool_calls"))
        {
            ReadCall(call, events);
        }

        if (delta.Object(OpenAiChatToolCalls.FunctionCall) is { } legacy)
        {
            var open = _byPlace.GetValueOrDefault(None) ?? Start(None, $"call{fallbackId}{Index}xf", legacy.Text("name"), isCustom: false, null, events);
            Continue(open, legacy.Member("arguments"), events);
        }
    }

    private void ReadCall(JsonElement call, List<ChatStreamEvent> events)
    {
        if (call.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var custom = call.Object("custom");
        var function = custom ?? call.Object("function");
        var id = call.Text("id") is { Length: > 0 } given ? given : null;
        var name = function?.Text("name") is { Length: > 0 } named ? named : null;
        var open = Find(call.Integer("index"), id, name)
            ?? Start((int)Math.Clamp(call.Integer("index") ?? _calls.Count, 0, int.MaxValue), id, name, custom is not null, OpenAiChatToolCalls.ExtraSignature(call), events);
        if (open.IsNew)
        {
            open.IsNew = false;
        }
        else if (OpenAiChatToolCalls.ExtraSignature(call) is { } signature)
        {
            events.Add(new PartSigned(open.Part, signature));
        }

        Continue(open, function?.Member(custom is null ? "arguments" : "input"), events);
    }

    /// <summary>
    /// The call that a piece belongs to. Pieces go by index; some servers give none, or the same one to all calls: then another id begins
    /// another call.
    /// </summary>
    private OpenCall? Find(long? place, string? id, string? name)
    {
        if (id is not null && (place is null || name is not null))
        {
            return _byId.TryGetValue(id, out var named) && (place is null || named.Place == place) ? named : null;
        }

        if (place is not null)
        {
            return _byPlace.GetValueOrDefault(place.Value);
        }

        return name is null && _calls.Count > 0 ? _calls[^1] : null;
    }

    private OpenCall Start(int place, string? id, string? name, bool isCustom, Signature? signature, List<ChatStreamEvent> events)
    {
        CloseOpen(events);
        var call = new OpenCall(parts.Next(), place, id ?? $"call{fallbackId}{Index}x{_calls.Count}") { IsNew = true };
        _calls.Add(call);
        _byPlace[call.Place] = call;
        _byId[call.Id] = call;
        _hasCalls = true;
        _hasContent = true;
        events.Add(new PartStarted(Index, call.Part, new ToolCallPart(call.Id, name ?? "", "") { IsCustom = isCustom, Signature = signature }));
        return call;
    }

    private static void Continue(OpenCall call, JsonElement? arguments, List<ChatStreamEvent> events)
    {
        if (call.IsClosed)
        {
            return;
        }

        var text = arguments switch
        {
            { ValueKind: JsonValueKind.String } written => written.TextOrFail("arguments"),
            { ValueKind: JsonValueKind.Object } json => json.GetRawText(),
            _ => "",
        };
        if (text.Length > 0)
        {
            events.Add(new PartDelta(call.Part, text));
        }
    }

    private int Open(Kind kind, List<ChatStreamEvent> events)
    {
        if (_open != None && _openKind == kind)
        {
            return _open;
        }

        CloseOpen(events);
        _open = parts.Next();
        _openKind = kind;
        _hasContent = true;
        events.Add(new PartStarted(Index, _open, kind switch
        {
            Kind.Text => new TextPart(""),
            Kind.Refusal => new RefusalPart(""),
            _ => new ReasoningPart(),
        }));
        return _open;
    }

    private void AddWhole(Part part, List<ChatStreamEvent> events)
    {
        CloseOpen(events);
        _hasContent = true;
        var number = parts.Next();
        events.Add(new PartStarted(Index, number, part));
        events.Add(new PartEnded(number));
    }

    private void CloseOpen(List<ChatStreamEvent> events)
    {
        if (_open != None)
        {
            events.Add(new PartEnded(_open));
            _open = None;
        }

        _isSigned = false;
    }

    private void CloseAll(List<ChatStreamEvent> events)
    {
        CloseOpen(events);
        if (_audio != None)
        {
            events.Add(new PartEnded(_audio));
            _audio = None;
        }

        foreach (var call in _calls)
        {
            if (!call.IsClosed)
            {
                call.IsClosed = true;
                events.Add(new PartEnded(call.Part));
            }
        }
    }

    private sealed record OpenCall(int Part, int Place, string Id)
    {
        public bool IsNew { get; set; }

        public bool IsClosed { get; set; }
    }
}
