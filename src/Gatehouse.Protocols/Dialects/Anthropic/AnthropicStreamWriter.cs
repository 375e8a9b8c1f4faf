using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Writes a streamed message: one <c>message_start</c>, blocks one behind the other, <c>message_delta</c> with the reason and all usage (a
/// caller of another provider learns the input only here), <c>message_stop</c>. Every frame has its <c>event:</c> line, without which the
/// SDKs skip it. Only the first choice is written.
/// </summary>
internal sealed class AnthropicStreamWriter(AnswerContext context) : AnthropicBlockStreamWriter
{
    private static readonly AnswerStarted DefaultStart = new(null, null);

    private readonly PartSequencer _sequencer = new();
    private readonly List<ChatStreamEvent> _ready = [];
    private Usage? _usage;
    private ChoiceStopped? _stopped;
    private bool _isOwn;
    private bool _hasStarted;
    private bool _isOver;

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

    public override void TakeBackEnd() => _isOver = false;

    /// <summary>"event: error"; nothing follows it.</summary>
    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        AnthropicResponseWriter.WriteError(error, BeginFrame(output, "error"u8));
        EndFrame(output);
    }

    private void Start(AnswerStarted started, IBufferWriter<byte> output)
    {
        if (_hasStarted)
        {
            return;
        }

        _hasStarted = true;
        _isOwn = started.Dialect == Dialect.Anthropic;
        _usage ??= started.Usage;
        var json = BeginFrame(output, "message_start"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_start"u8);
        json.WriteStartObject("message"u8);
        json.WriteString("id"u8, _isOwn && started.Id is { } id ? id : $"msg_{context.Id}");
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, started.Model ?? context.Model);
        json.WriteStartArray("content"u8);
        json.WriteEndArray();
        json.WriteNull("stop_reason"u8);
        json.WriteNull("stop_sequence"u8);
        AnthropicUsageWriter.Write(json, _usage, started.ServiceTier);
        json.WriteExtensions(started.Extensions, Dialect.Anthropic);
        json.WriteEndObject();
        json.WriteEndObject();
        EndFrame(output);
    }

    private void Pass(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        Start(DefaultStart, output);
        _sequencer.Push(streamEvent, _ready);
        foreach (var ready in _ready)
        {
            WriteBlock(ready, output);
        }

        _ready.Clear();
    }

    private void End(IBufferWriter<byte> output)
    {
        Pass(AnswerEnded.Instance, output);
        _isOver = true;

        var json = BeginFrame(output, "message_delta"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_delta"u8);
        json.WriteStartObject("delta"u8);
        AnthropicResponseWriter.WriteStop(_stopped?.Stop ?? new Stop(StopReason.EndTurn, null), _isOwn, HasToolCalls, json);
        WriteExtensions(json, isBesideDelta: false);
        json.WriteEndObject();
        AnthropicUsageWriter.Write(json, _usage);
        WriteExtensions(json, isBesideDelta: true);
        json.WriteEndObject();
        EndFrame(output);

        _ = BeginFrame(output, "message_stop"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_stop"u8);
        json.WriteEndObject();
        EndFrame(output);
    }

    /// <summary>"context_management: Information about context management operations applied" stands beside the delta; the rest in it.</summary>
    private void WriteExtensions(Utf8JsonWriter json, bool isBesideDelta)
    {
        foreach (var member in _stopped?.Extensions is { Dialect: Dialect.Anthropic } own ? own.Members : [])
        {
            if (isBesideDelta == (member.Name == "context_management"))
            {
                json.WriteOptional(member.Name, member.Value);
            }
        }
    }
}
