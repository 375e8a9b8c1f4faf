using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>
/// Writes a stream: <c>message-start</c>; contents and calls, each with its start, deltas and end, one behind the other and counted each
/// in their own row; <c>message-end</c> with reason and usage; <c>[DONE]</c>. Only the first choice is written.
/// </summary>
internal sealed class CohereStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly PartSequencer _sequencer = new();
    private readonly List<ChatStreamEvent> _ready = [];
    private Part? _open;
    private int _contents;
    private int _calls;
    private int _citations;
    private bool _isOwn;
    private bool _hasStarted;
    private bool _hasArguments;
    private bool _isOver;
    private Usage? _usage;
    private ChoiceStopped? _stopped;

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        switch (streamEvent)
        {
            case AnswerStarted started:
                Start(started, output);
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case ChoiceStopped { Choice: 0 } stopped:
                Pass(stopped, output);
                _stopped = stopped;
                break;
            case AnswerEnded:
                End(output);
                break;
            case AnswerFailed failed:
                WriteFailure(failed.Error, output);
                break;
            default:
                Pass(streamEvent, output);
                break;
        }
    }

    /// <summary>"error: An error message if an error occurred during the generation", in the last event; no <c>[DONE]</c> follows.</summary>
    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        Start(null, output);
        _isOver = true;
        var json = BeginEvent(output, "message-end"u8);
        json.WriteStartObject("delta"u8);
        json.WriteString("error"u8, error.Message);
        json.WriteString("finish_reason"u8, "ERROR"u8);
        json.WriteEndObject();
        EndEvent(json, output);
    }

    private Utf8JsonWriter BeginEvent(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        var json = BeginFrame(output, type);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        return json;
    }

    private void EndEvent(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        EndFrame(output);
    }

    private void Start(AnswerStarted? started, IBufferWriter<byte> output)
    {
        if (_hasStarted)
        {
            return;
        }

        _hasStarted = true;
        _isOwn = started?.Dialect == Dialect.Cohere;
        _usage ??= started?.Usage;
        var json = BeginEvent(output, "message-start"u8);
        json.WriteString("id"u8, started?.Id ?? context.Id);
        json.WriteStartObject("delta"u8);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray("content"u8);
        json.WriteEndArray();
        json.WriteString("tool_plan"u8, ""u8);
        json.WriteStartArray("tool_calls"u8);
        json.WriteEndArray();
        json.WriteStartArray("citations"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        EndEvent(json, output);
    }

    private void Pass(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        Start(null, output);
        _sequencer.Push(streamEvent, _ready);
        foreach (var ready in _ready)
        {
            WritePart(ready, output);
        }

        _ready.Clear();
    }

    private void WritePart(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        switch (streamEvent)
        {
            case PartStarted started:
                StartPart(started.Content, output);
                break;
            case PartDelta delta:
                WriteDelta(delta.Text, delta.Logprobs, output);
                break;
            case AudioDelta { Transcript: { Length: > 0 } transcript }:
                WriteDelta(transcript, null, output);
                break;
            case PartCited cited:
                WriteCitation(cited.Citation, output);
                break;
            case PartEnded:
                EndPart(output);
                break;
        }
    }

    private void StartPart(Part part, IBufferWriter<byte> output)
    {
        _open = part;
        _hasArguments = false;
        switch (part)
        {
            case ToolCallPart call:
                var json = BeginIndexed(output, "tool-call-start"u8, _calls);
                json.WritePropertyName("tool_calls"u8);
                CohereContentWriter.WriteCall(json, call);
                EndIndexed(json, output);
                _hasArguments = call.Arguments.Length > 0;
                break;
            case ReasoningPart { IsRedacted: false } or TextPart or RefusalPart or AudioPart or OpaquePart { Dialect: Dialect.Cohere } when !CohereMessageReader.IsPlan(part):
                StartContent(part, output);
                break;
            case TextPart:
                break;
            default:
                // Cohere has no such part.
                _open = null;
                break;
        }
    }

    private void StartContent(Part part, IBufferWriter<byte> output)
    {
        var json = BeginIndexed(output, "content-start"u8, _contents);
        json.WritePropertyName("content"u8);
        switch (part)
        {
            case ReasoningPart reasoning:
                CohereContentWriter.WriteThinking(json, reasoning);
                break;
            case OpaquePart opaque:
                json.WriteElement(opaque.Value);
                break;
            default:
                CohereContentWriter.WriteText(json, part switch { TextPart text => text.Text, RefusalPart refusal => refusal.Text, AudioPart audio => audio.Transcript ?? "", _ => "" }, null);
                break;
        }

        EndIndexed(json, output);
    }

    private void WriteDelta(string text, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        if (_open is null or OpaquePart || text.Length == 0)
        {
            return;
        }

        if (CohereMessageReader.IsPlan(_open))
        {
            var plan = BeginEvent(output, "tool-plan-delta"u8);
            plan.WriteStartObject("delta"u8);
            plan.WriteStartObject("message"u8);
            plan.WriteString("tool_plan"u8, text);
            plan.WriteEndObject();
            plan.WriteEndObject();
            EndEvent(plan, output);
            return;
        }

        if (_open is ToolCallPart)
        {
            WriteArguments(text, output);
            return;
        }

        var json = BeginIndexed(output, "content-delta"u8, _contents);
        json.WriteStartObject("content"u8);
        json.WriteString(_open is ReasoningPart ? "thinking"u8 : "text"u8, text);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        if (logprobs?.Array("content") is { } tokens && tokens.GetArrayLength() > 0)
        {
            // "logprobs?: LogprobItem": one for each event.
            json.WritePropertyName("logprobs"u8);
            CohereLogprobs.WriteItem(json, tokens[0]);
        }

        EndEvent(json, output);
    }

    private void WriteArguments(string text, IBufferWriter<byte> output)
    {
        _hasArguments = true;
        var json = BeginIndexed(output, "tool-call-delta"u8, _calls);
        json.WriteStartObject("tool_calls"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("arguments"u8, text);
        json.WriteEndObject();
        json.WriteEndObject();
        EndIndexed(json, output);
    }

    private void WriteCitation(Citation citation, IBufferWriter<byte> output)
    {
        if (_open is not TextPart)
        {
            return;
        }

        var json = BeginIndexed(output, "citation-start"u8, _citations);
        json.WritePropertyName("citations"u8);
        CohereContentWriter.WriteCitation(json, citation);
        EndIndexed(json, output);
        json = BeginEvent(output, "citation-end"u8);
        json.WriteNumber("index"u8, _citations);
        EndEvent(json, output);
        _citations++;
    }

    private void EndPart(IBufferWriter<byte> output)
    {
        if (_open is ToolCallPart)
        {
            if (!_hasArguments)
            {
                WriteArguments("{}", output);
            }

            var json = BeginEvent(output, "tool-call-end"u8);
            json.WriteNumber("index"u8, _calls++);
            EndEvent(json, output);
        }
        else if (_open is not null && !CohereMessageReader.IsPlan(_open))
        {
            var json = BeginEvent(output, "content-end"u8);
            json.WriteNumber("index"u8, _contents++);
            EndEvent(json, output);
        }

        _open = null;
    }

    private void End(IBufferWriter<byte> output)
    {
        Pass(AnswerEnded.Instance, output);
        _isOver = true;
        var json = BeginEvent(output, "message-end"u8);
        json.WriteStartObject("delta"u8);
        json.WriteString("finish_reason"u8, CohereStop.WordOf(_stopped?.Stop, _isOwn, _calls > 0));
        if (OpenAiChatMembers.Kept(_stopped?.Extensions, Dialect.Cohere, "usage") is null && _usage is { } usage)
        {
            CohereResponseWriter.WriteUsage(json, usage);
        }

        json.WriteExtensions(_stopped?.Extensions, Dialect.Cohere);
        json.WriteEndObject();
        EndEvent(json, output);
        output.Write("data: [DONE]\n\n"u8);
    }

    /// <summary>Begins an event about a part, up to within its <c>delta.message</c>.</summary>
    private Utf8JsonWriter BeginIndexed(IBufferWriter<byte> output, ReadOnlySpan<byte> type, int index)
    {
        var json = BeginEvent(output, type);
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("delta"u8);
        json.WriteStartObject("message"u8);
        return json;
    }

    private void EndIndexed(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        json.WriteEndObject();
        EndEvent(json, output);
    }
}
