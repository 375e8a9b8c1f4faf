using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Writes a stream of typed events with its whole lifecycle: every event is numbered, at most one item is open, every delta belongs to an
/// item and a part that were announced, everything announced is done before the end, and the last event has the whole answer.
/// </summary>
internal sealed partial class ResponsesStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly PartSequencer _sequencer = new();
    private readonly List<ChatStreamEvent> _ready = [];

    /// <summary>The items that are done, as the elements of a list.</summary>
    private readonly ArrayBufferWriter<byte> _output = new();
    private ResponsesAnswer? _answer;
    private bool _isOwn;
    private Usage? _usage;
    private Stop? _stop;
    private long _sequence;
    private bool _isOver;

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        _sequencer.Push(streamEvent, _ready);
        foreach (var ready in _ready)
        {
            WriteInOrder(ready, output);
        }

        _ready.Clear();
    }

    public override void TakeBackEnd() => _isOver = false;

    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        Start(null, output);
        _isOver = true;
        var json = Begin("error"u8, output);
        WriteWords(json, error);
        // The specification has these members in the event itself; what OpenAI sends, and its SDKs raise, has them in an object.
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, ResponsesResponseWriter.TypeOf(error.Kind));
        WriteWords(json, error);
        json.WriteEndObject();
        End(json, output);
        WriteAnswer("response.failed"u8, ResponsesOutcome.Failed, output, error);
    }

    private static void WriteWords(Utf8JsonWriter json, ChatError error)
    {
        json.WriteString("code"u8, error.Code);
        json.WriteString("message"u8, error.Message);
        json.WriteString("param"u8, error.Param);
    }

    private void WriteInOrder(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        switch (streamEvent)
        {
            case AnswerStarted started:
                Start(started, output);
                break;
            case PartStarted started:
                Start(null, output);
                StartPart(started, output);
                break;
            case PartDelta delta:
                Delta(delta.Text, delta.Logprobs, output);
                break;
            case AudioDelta { Transcript: { } transcript }:
                Delta(transcript, null, output);
                break;
            case PartSigned signed:
                Sign(signed.Signature);
                break;
            case PartCited cited:
                Cite(cited.Citation, output);
                break;
            case PartEnded:
                EndPart(output);
                break;
            case ChoiceStopped stopped:
                _stop = stopped.Stop;
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case AnswerFailed failed:
                WriteFailure(failed.Error, output);
                break;
            case AnswerEnded:
                Finish(output);
                break;
        }
    }

    private void Start(AnswerStarted? started, IBufferWriter<byte> output)
    {
        if (_answer is not null)
        {
            return;
        }

        _isOwn = started?.Dialect == Dialect.OpenAiResponses;
        _answer = new ResponsesAnswer(context)
        {
            Id = ResponsesResponseWriter.IdOf(started?.Dialect, started?.Id, context),
            Model = started?.Model ?? context.Model,
            Created = started?.Created ?? context.Created,
            ServiceTier = started?.ServiceTier,
        };
        WriteAnswer("response.created"u8, ResponsesOutcome.InProgress, output);
        WriteAnswer("response.in_progress"u8, ResponsesOutcome.InProgress, output);
    }

    private void Finish(IBufferWriter<byte> output)
    {
        Start(null, output);
        var outcome = ResponsesOutcome.Of(_stop, _isOwn);
        EndItem(output, outcome.Status == "incomplete" ? "incomplete" : "completed");
        _isOver = true;
        var error = outcome.Status == "failed"
            ? new ChatError(ChatErrorKind.Server, 500, $"the model broke off: {_stop?.Raw ?? "no reason given"}") { Code = "server_error" }
            : null;
        WriteAnswer(
            outcome.Status switch { "incomplete" => "response.incomplete"u8, "failed" => "response.failed"u8, _ => "response.completed"u8 },
            outcome,
            output,
            error);
    }

    private void WriteAnswer(ReadOnlySpan<byte> type, ResponsesOutcome outcome, IBufferWriter<byte> output, ChatError? error = null)
    {
        var json = Begin(type, output);
        json.WritePropertyName("response"u8);
        _answer!.Write(json, outcome, WriteOutput, _usage, error);
        End(json, output);
    }

    private void WriteOutput(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        if (_output.WrittenCount > 0)
        {
            json.WriteRawValue(_output.WrittenSpan, skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    private Utf8JsonWriter Begin(ReadOnlySpan<byte> type, IBufferWriter<byte> output)
    {
        var json = BeginFrame(output, type);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteNumber("sequence_number"u8, _sequence++);
        return json;
    }

    private void End(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        EndFrame(output);
    }
}
