using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Writes the answers of <c>streamGenerateContent</c>: server-sent events that end in CRLF, as Google's do, or one JSON list. Text goes out
/// at once, calls when they are whole, in the order in which they began; the last answer has the reasons to end, and no frame follows it.
/// </summary>
internal sealed class GeminiStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly Dictionary<int, OpenPart> _open = [];

    /// <summary>The numbers of the parts of each answer, of which some have ended.</summary>
    private readonly Dictionary<int, List<int>> _numbers = [];
    private readonly Queue<OpenPart> _calls = [];
    /// <summary>By the answers that were begun; null for one that was not told to have ended.</summary>
    private readonly SortedDictionary<int, Stop?> _stops = [];
    private readonly SortedDictionary<int, List<(string? Text, Citation Citation)>> _citations = [];
    private string _id = context.Id;
    private string _model = context.Model;
    private Usage? _usage;
    private readonly HashSet<int> _refused = [];
    private bool _hasNewUsage;
    private bool _hasWritten;
    private bool _isOver;

    public override string ContentType => context.IsJsonArray ? "application/json" : base.ContentType;

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        switch (streamEvent)
        {
            case PartDelta delta when _open.TryGetValue(delta.Part, out var part):
                Add(part, delta, output);
                break;
            case AnswerStarted started:
                (_id, _model) = (started.Id ?? _id, started.Model ?? _model);
                break;
            case PartStarted started:
                Start(started, output);
                break;
            case PartSigned signed when _open.TryGetValue(signed.Part, out var part):
                part.Signature = signed.Signature;
                break;
            case PartCited cited when _open.TryGetValue(cited.Part, out var part):
                Cite(part.Choice, cited.Citation);
                break;
            case AudioDelta audio when _open.TryGetValue(audio.Part, out var part):
                Add(part, audio, output);
                break;
            case PartEnded ended when _open.Remove(ended.Part, out var part):
                End(part, output);
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                _hasNewUsage = true;
                break;
            case ChoiceStopped stopped:
                EndAll(stopped.Choice, output);
                _stops[stopped.Choice] = stopped.Stop;
                break;
            case AnswerEnded:
                Finish(output);
                break;
            case AnswerFailed failed:
                WriteFailure(failed.Error, output);
                break;
        }
    }

    public override void TakeBackEnd() => _isOver = false;

    /// <summary>A frame, or an element of the list, with "error": that is what SDKs raise. Nothing says that the answer ended well.</summary>
    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        var json = Begin(output);
        GeminiResponseWriter.WriteError(error, json);
        End(json, output);
        if (context.IsJsonArray)
        {
            output.Write("]"u8);
        }
    }

    private void Start(PartStarted started, IBufferWriter<byte> output)
    {
        var part = new OpenPart(started.Choice, started.Content);
        _open[started.Part] = part;
        if (!_numbers.TryGetValue(started.Choice, out var numbers))
        {
            _numbers[started.Choice] = numbers = [];
        }

        numbers.Add(started.Part);
        _ = _stops.TryAdd(started.Choice, null);
        switch (started.Content)
        {
            case ToolCallPart call:
                part.Arguments = new StringBuilder(call.Arguments);
                part.Signature = call.Signature;
                _calls.Enqueue(part);
                break;
            case TextPart text:
                part.Signature = text.Signature;
                WriteText(part, text.Text, null, output);
                foreach (var citation in text.Citations)
                {
                    Cite(part.Choice, citation);
                }

                break;
            case RefusalPart refusal:
                _ = _refused.Add(part.Choice);
                WriteText(part, refusal.Text, null, output);
                break;
            case ReasoningPart reasoning:
                part.Signature = reasoning.Signature;
                WriteText(part, reasoning.Text, null, output);
                break;
            case OpaquePart { Dialect: not Dialect.Gemini }:
                break;
            case var whole when GeminiMediaWriter.SourceOf(whole) is not { } source || GeminiMediaWriter.CanWrite(source):
                WriteChunk(part.Choice, output, json => GeminiAnswerPartWriter.Write(whole, json), null);
                break;
        }
    }

    private void Add(OpenPart part, PartDelta delta, IBufferWriter<byte> output)
    {
        if (part.Arguments is { } arguments)
        {
            _ = arguments.Append(delta.Text);
        }
        else
        {
            WriteText(part, delta.Text, delta.Logprobs, output);
        }
    }

    private void Add(OpenPart part, AudioDelta delta, IBufferWriter<byte> output)
    {
        if (delta.Base64 is { Length: > 0 } base64 && part.Content is AudioPart audio)
        {
            var piece = audio with { Source = audio.Source with { Base64 = Encoding.UTF8.GetBytes(base64) } };
            WriteChunk(part.Choice, output, json => GeminiAnswerPartWriter.Write(piece, json), null);
        }

        WriteText(part, delta.Transcript ?? "", null, output);
    }

    private void WriteText(OpenPart part, string text, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        if (text.Length == 0)
        {
            return;
        }

        var json = BeginChunk(output);
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        if (part.Content is ReasoningPart)
        {
            json.WriteBoolean("thought"u8, true);
        }

        json.WriteEndObject();
        EndChunk(part.Choice, json, logprobs, output);
    }

    private void Cite(int choice, Citation citation)
    {
        if (!_citations.TryGetValue(choice, out var list))
        {
            _citations[choice] = list = [];
        }

        list.Add((null, citation));
    }

    private void End(OpenPart part, IBufferWriter<byte> output)
    {
        part.HasEnded = true;
        if (part.Arguments is not null)
        {
            while (_calls.TryPeek(out var first) && first.HasEnded)
            {
                WriteCall(_calls.Dequeue(), output);
            }
        }
        else if (part.Signature is { } signature)
        {
            // As Google does: the signature comes behind the text, on an empty piece of it.
            WriteChunk(
                part.Choice,
                output,
                json =>
                {
                    if (part.Content is ReasoningPart reasoning)
                    {
                        GeminiAnswerPartWriter.WriteReasoning("", reasoning.IsRedacted, signature, json);
                    }
                    else if (part.Content is TextPart)
                    {
                        GeminiAnswerPartWriter.WriteText("", signature, json);
                    }
                },
                null);
        }
    }

    private void WriteCall(OpenPart part, IBufferWriter<byte> output) => WriteChunk(
        part.Choice,
        output,
        json => GeminiAnswerPartWriter.WriteCall((ToolCallPart)part.Content, part.Arguments!.ToString(), part.Signature, json),
        null);

    private void EndAll(int choice, IBufferWriter<byte> output)
    {
        foreach (var number in _numbers.GetValueOrDefault(choice) ?? [])
        {
            if (_open.Remove(number, out var part))
            {
                End(part, output);
            }
        }
    }

    private void Finish(IBufferWriter<byte> output)
    {
        foreach (var choice in _open.Values.Select(p => p.Choice).Distinct().Order().ToList())
        {
            EndAll(choice, output);
        }

        if (_stops.Count == 0)
        {
            _stops[0] = null;
        }

        _isOver = true;

        var json = Begin(output);
        json.WriteStartObject();
        json.WriteStartArray("candidates"u8);
        foreach (var (choice, stop) in _stops)
        {
            json.WriteStartObject();
            json.WriteStartObject("content"u8);
            json.WriteStartArray("parts"u8);
            json.WriteStartObject();
            json.WriteString("text"u8, ""u8);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("role"u8, "model"u8);
            json.WriteEndObject();
            json.WriteString("finishReason"u8, GeminiStops.Write((stop ?? new Stop(StopReason.EndTurn, null)).WithRefusal(_refused.Contains(choice))));
            json.WriteNumber("index"u8, choice);
            if (_citations.TryGetValue(choice, out var citations))
            {
                GeminiGrounding.Write(json, citations);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        _hasNewUsage = true;
        WriteTail(json);
        json.WriteEndObject();
        End(json, output);
        if (context.IsJsonArray)
        {
            output.Write("]"u8);
        }
    }

    private void WriteChunk(int choice, IBufferWriter<byte> output, Action<Utf8JsonWriter> writePart, JsonElement? logprobs)
    {
        var json = BeginChunk(output);
        writePart(json);
        EndChunk(choice, json, logprobs, output);
    }

    private Utf8JsonWriter BeginChunk(IBufferWriter<byte> output)
    {
        var json = Begin(output);
        json.WriteStartObject();
        json.WriteStartArray("candidates"u8);
        json.WriteStartObject();
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        return json;
    }

    private void EndChunk(int choice, Utf8JsonWriter json, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        json.WriteEndArray();
        json.WriteString("role"u8, "model"u8);
        json.WriteEndObject();
        json.WriteNumber("index"u8, choice);
        if (logprobs is { } list)
        {
            GeminiLogprobs.Write(list, json);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        WriteTail(json);
        json.WriteEndObject();
        End(json, output);
    }

    private void WriteTail(Utf8JsonWriter json)
    {
        if (_hasNewUsage && _usage is { } usage)
        {
            GeminiUsageWriter.Write(json, usage);
            _hasNewUsage = false;
        }

        json.WriteString("modelVersion"u8, _model);
        json.WriteString("responseId"u8, _id);
    }

    private Utf8JsonWriter Begin(IBufferWriter<byte> output)
    {
        if (!context.IsJsonArray)
        {
            return BeginFrame(output);
        }

        output.Write(_hasWritten ? ",\r\n"u8 : "["u8);
        _hasWritten = true;
        return BeginJson(output);
    }

    private void End(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.Flush();
        if (!context.IsJsonArray)
        {
            output.Write("\r\n\r\n"u8);
        }
    }

    private sealed class OpenPart(int choice, Part content)
    {
        public int Choice { get; } = choice;

        public Part Content { get; } = content;

        /// <summary>Of a call; null for any other part.</summary>
        public StringBuilder? Arguments { get; set; }

        public Signature? Signature { get; set; }

        public bool HasEnded { get; set; }
    }
}
