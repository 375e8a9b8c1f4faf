using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>
/// Writes a stream: a line for every piece of text or thought, one for every call when it is whole, and a last one that says why the answer
/// ended and what it took. Only the first choice is written.
/// </summary>
internal sealed class OllamaStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly Dictionary<int, Part> _open = [];
    private readonly Dictionary<int, StringBuilder> _arguments = [];
    private AnswerStarted _started = new(null, null);
    private string? _createdAt;
    private int _calls;
    private Usage? _usage;
    private ChoiceStopped? _stopped;
    private bool _isOver;

    public override string ContentType => "application/x-ndjson";

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        switch (streamEvent)
        {
            case AnswerStarted started:
                _started = started;
                _usage ??= started.Usage;
                break;
            case PartStarted { Choice: 0 } started:
                Start(started, output);
                break;
            case PartDelta delta:
                WriteDelta(delta.Part, delta.Text, delta.Logprobs, output);
                break;
            case AudioDelta { Transcript: { } transcript } audio:
                WriteDelta(audio.Part, transcript, null, output);
                break;
            case PartEnded ended:
                End(ended.Part, output);
                break;
            case ChoiceStopped { Choice: 0 } stopped:
                _stopped = stopped;
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case AnswerEnded:
                End(output);
                break;
            case AnswerFailed failed:
                WriteFailure(failed.Error, output);
                break;
        }
    }

    /// <summary>A line with the error is the last one.</summary>
    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        var json = BeginJson(output);
        OllamaResponseWriter.WriteError(error, json);
        EndLine(json, output);
    }

    private static void EndLine(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.Flush();
        output.Write("\n"u8);
    }

    private void Start(PartStarted started, IBufferWriter<byte> output)
    {
        _open[started.Part] = started.Content;
        switch (started.Content)
        {
            case ToolCallPart call:
                _arguments[started.Part] = new StringBuilder(call.Arguments);
                break;
            case ImagePart { Source.Base64: { } image }:
                var json = BeginMessage(output, "");
                json.WriteStartArray("images"u8);
                json.WriteStringValue(image.Span);
                json.WriteEndArray();
                EndMessage(json, null, output);
                break;
        }
    }

    private void WriteDelta(int part, string text, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        if (_arguments.TryGetValue(part, out var arguments))
        {
            _ = arguments.Append(text);
            return;
        }

        if (text.Length == 0 || !_open.TryGetValue(part, out var open) || open is OpaquePart or ImagePart or FilePart)
        {
            return;
        }

        var json = BeginMessage(output, open is ReasoningPart ? "" : text);
        if (open is ReasoningPart)
        {
            json.WriteString("thinking"u8, text);
        }

        EndMessage(json, logprobs, output);
    }

    private void End(int part, IBufferWriter<byte> output)
    {
        if (_open.Remove(part, out var open) && open is ToolCallPart call && _arguments.Remove(part, out var arguments))
        {
            var json = BeginMessage(output, "");
            json.WriteStartArray("tool_calls"u8);
            OllamaMessageWriter.WriteCall(json, call with { Arguments = arguments.ToString() }, _started.Dialect == Dialect.Ollama, _calls++);
            json.WriteEndArray();
            EndMessage(json, null, output);
        }
    }

    private void End(IBufferWriter<byte> output)
    {
        foreach (var part in _open.Keys.Order().ToList())
        {
            End(part, output);
        }

        _isOver = true;
        var json = BeginJson(output);
        json.WriteStartObject();
        OllamaResponseWriter.WriteHead(json, _started.Model ?? context.Model, _started.Created ?? context.Created, _stopped?.Extensions);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, ""u8);
        json.WriteEndObject();
        OllamaResponseWriter.WriteEnd(json, _stopped?.Stop ?? new Stop(StopReason.EndTurn, null), _started.Dialect == Dialect.Ollama, _usage);
        json.WriteExtensions(_stopped?.Extensions, Dialect.Ollama);
        json.WriteEndObject();
        EndLine(json, output);
    }

    /// <summary>Begins a line, up to within its message.</summary>
    private Utf8JsonWriter BeginMessage(IBufferWriter<byte> output, string content)
    {
        var json = BeginJson(output);
        json.WriteStartObject();
        json.WriteString("model"u8, _started.Model ?? context.Model);
        json.WriteString("created_at"u8, _createdAt ??= OllamaResponseWriter.TimeOf(_started.Created ?? context.Created));
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, content);
        return json;
    }

    private static void EndMessage(Utf8JsonWriter json, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        OllamaResponseWriter.WriteLogprobs(json, logprobs);
        json.WriteBoolean("done"u8, false);
        json.WriteEndObject();
        EndLine(json, output);
    }
}
