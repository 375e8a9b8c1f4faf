using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// One candidate of a stream. Gemini knows no borders of parts: text goes on until something else comes, calls come whole.
/// </summary>
/// <param name="choice">Its index.</param>
/// <param name="ids">Makes ids of calls.</param>
/// <param name="next">Counts the parts of the stream.</param>
internal sealed class GeminiCandidateReader(int choice, GeminiCallIds ids, Func<int> next)
{
    private int _open = -1;
    private bool _isThought;
    private int _call = -1;
    private GeminiPartialArguments? _arguments;
    private bool _hasToolCall;

    public bool IsStopped { get; private set; }

    public void Read(JsonElement candidate, List<ChatStreamEvent> events)
    {
        JsonElement? logprobs = candidate.Member("logprobsResult") is { ValueKind: JsonValueKind.Object } result
            ? GeminiLogprobs.Read(result)
            : null;
        if (candidate.Object("content") is { } content && content.Member("parts") is { } parts)
        {
            foreach (var part in GeminiMembers.Repeated(parts))
            {
                ReadPart(part, ref logprobs, events);
            }
        }

        if (candidate.Member("groundingMetadata") is { ValueKind: JsonValueKind.Object } grounding && _open >= 0 && !_isThought)
        {
            foreach (var (_, citation) in GeminiGrounding.Read(grounding))
            {
                // Places count from the beginning of the answer, which is gone.
                events.Add(new PartCited(_open, citation with { Start = null, End = null }));
            }
        }

        if (candidate.Member("finishReason") is { } finishReason && !IsStopped)
        {
            Stop(GeminiStops.Read(finishReason, _hasToolCall || _call >= 0)!, events);
        }
    }

    public void Stop(Stop stop, List<ChatStreamEvent> events)
    {
        CloseCall(events);
        Close(events);
        IsStopped = true;
        events.Add(new ChoiceStopped(choice, stop));
    }

    private void ReadPart(JsonElement part, ref JsonElement? logprobs, List<ChatStreamEvent> events)
    {
        // By far the most frequent: a piece of text and nothing more, or the end of one with its signature.
        if (part.Member("text") is { ValueKind: JsonValueKind.String } text)
        {
            ReadText(part, text.TextOrFail("text"), ref logprobs, events);
            return;
        }

        if (part.Member("functionCall") is { ValueKind: JsonValueKind.Object } call && ReadPartialCall(part, call, events))
        {
            return;
        }

        if (GeminiPartReader.Read(part, ids, static () => "candidates.content.parts") is not { } whole)
        {
            return;
        }

        CloseCall(events);
        if (whole is ReasoningPart { IsRedacted: false } or TextPart)
        {
            Sign(part, whole is ReasoningPart, events);
            return;
        }

        Close(events);
        var number = next();
        if (whole is ToolCallPart made)
        {
            _hasToolCall = true;
            events.Add(new PartStarted(choice, number, made with { Arguments = "", Extensions = null }));
            events.Add(new PartDelta(number, made.Arguments));
        }
        else
        {
            events.Add(new PartStarted(choice, number, Kept(whole)));
        }

        events.Add(new PartEnded(number));
    }

    private void ReadText(JsonElement part, string text, ref JsonElement? logprobs, List<ChatStreamEvent> events)
    {
        var isThought = part.Flag("thought") ?? false;
        if (text.Length > 0)
        {
            CloseCall(events);
            Open(isThought, events);
            events.Add(new PartDelta(_open, text) { Logprobs = logprobs });
            logprobs = null;
        }

        Sign(part, isThought, events);
    }

    /// <summary>A signature belongs to all of the text before it: what comes behind it is another part.</summary>
    private void Sign(JsonElement part, bool isThought, List<ChatStreamEvent> events)
    {
        if (part.Member("thoughtSignature") is { ValueKind: JsonValueKind.String } signature)
        {
            Open(isThought, events);
            events.Add(new PartSigned(_open, Signature.FromBase64(Dialect.Gemini, signature.TextOrFail("thoughtSignature"))));
            Close(events);
        }
    }

    /// <returns>False when the call is whole.</returns>
    private bool ReadPartialCall(JsonElement part, JsonElement call, List<ChatStreamEvent> events)
    {
        var goesOn = call.Flag("willContinue") == true;
        var pieces = call.Member("partialArgs");
        var name = call.Text("name");
        if (string.IsNullOrEmpty(name) && _call < 0)
        {
            // The end of a call that has ended already.
            return true;
        }

        if (!string.IsNullOrEmpty(name))
        {
            CloseCall(events);
            if (!goesOn && pieces is null)
            {
                return false;
            }

            Close(events);
            var id = call.Text("id") is { Length: > 0 } own ? own : null;
            _call = next();
            _arguments = new GeminiPartialArguments();
            events.Add(new PartStarted(choice, _call, new ToolCallPart(id ?? ids.Make(), name, "") { HasMadeId = id is null }));
            if (part.Member("thoughtSignature") is { ValueKind: JsonValueKind.String } signature)
            {
                events.Add(new PartSigned(_call, Signature.FromBase64(Dialect.Gemini, signature.TextOrFail("thoughtSignature"))));
            }
        }

        if (pieces is { } list)
        {
            foreach (var piece in GeminiMembers.Repeated(list))
            {
                _arguments!.Add(piece);
            }
        }

        if (!goesOn)
        {
            CloseCall(events);
        }

        return true;
    }

    private void Open(bool isThought, List<ChatStreamEvent> events)
    {
        if (_open >= 0 && _isThought == isThought)
        {
            return;
        }

        Close(events);
        _open = next();
        _isThought = isThought;
        events.Add(new PartStarted(choice, _open, isThought ? new ReasoningPart() : new TextPart("")));
    }

    private void Close(List<ChatStreamEvent> events)
    {
        if (_open >= 0)
        {
            events.Add(new PartEnded(_open));
            _open = -1;
        }
    }

    private void CloseCall(List<ChatStreamEvent> events)
    {
        if (_call >= 0)
        {
            _hasToolCall = true;
            events.Add(new PartDelta(_call, _arguments!.ToJson()));
            events.Add(new PartEnded(_call));
            _call = -1;
            _arguments = null;
        }
    }

    /// <summary>The frame's document goes when the frame is read.</summary>
    private static Part Kept(Part part) => part switch
    {
        OpaquePart opaque => opaque with { Value = opaque.Value.Clone() },
        _ => part with { Extensions = null },
    };
}
