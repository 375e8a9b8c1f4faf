using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>Reads streams: lines, each an answer that holds the next piece; the last one says that it is done. Calls come whole.</summary>
/// <param name="fallbackId">Makes ids of tool calls that have none.</param>
internal sealed class OllamaStreamReader(string fallbackId) : ChatStreamReader
{
    private int _parts;
    private int _calls;
    private int _open = -1;
    private bool _isThinking;
    private bool _hasStarted;
    private bool _isOver;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        data = data.Trim(" \t\r\n"u8);
        if (_isOver || data.IsEmpty)
        {
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            Read(document.RootElement, events);
        }
        catch (JsonException)
        {
            throw new MalformedException(null, "a line of the stream is not JSON");
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(null, "a line of the stream holds half a surrogate pair, which is not valid Unicode");
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        // The line that says "done" alone is the end.
    }

    private void Read(JsonElement line, List<ChatStreamEvent> events)
    {
        if (line.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "a line of the stream is not a JSON object");
        }

        if (line.Member("error") is not null)
        {
            _isOver = true;
            events.Add(new AnswerFailed(OpenAiChatErrors.Read(0, line)));
            return;
        }

        if (!_hasStarted)
        {
            _hasStarted = true;
            events.Add(new AnswerStarted(null, line.Text("model")) { Dialect = Dialect.Ollama, Created = OllamaResponseReader.Created(line) });
        }

        if (line.Object("message") is { } message)
        {
            ReadMessage(message, line, events);
        }

        if (line.Flag("done") is true)
        {
            End(line, events);
        }
    }

    private void ReadMessage(JsonElement message, JsonElement line, List<ChatStreamEvent> events)
    {
        var logprobs = OllamaResponseReader.ReadLogprobs(line);
        Add(message.Text("thinking"), isThinking: true, logprobs, events);
        Add(message.Text("content"), isThinking: false, logprobs, events);
        foreach (var image in message.Items("images"))
        {
            if (image.ValueKind == JsonValueKind.String)
            {
                AddWhole(new ImagePart(new MediaSource { Base64 = image.Utf8Text() }), "", events);
            }
        }

        foreach (var call in message.Items("tool_calls"))
        {
            var read = OllamaMessageReader.ReadCall(call.Clone(), $"message.tool_calls[{_calls}]", $"call{fallbackId}x{_calls}");
            _calls++;
            AddWhole(read with { Arguments = "" }, read.Arguments, events);
        }
    }

    private void Add(string? text, bool isThinking, JsonElement? logprobs, List<ChatStreamEvent> events)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        if (_open < 0 || _isThinking != isThinking)
        {
            EndOpen(events);
            _open = _parts++;
            _isThinking = isThinking;
            events.Add(new PartStarted(0, _open, isThinking ? new ReasoningPart() : new TextPart("")));
        }

        events.Add(new PartDelta(_open, text) { Logprobs = logprobs });
    }

    private void AddWhole(Part part, string text, List<ChatStreamEvent> events)
    {
        EndOpen(events);
        var number = _parts++;
        events.Add(new PartStarted(0, number, part));
        if (text.Length > 0)
        {
            events.Add(new PartDelta(number, text));
        }

        events.Add(new PartEnded(number));
    }

    private void EndOpen(List<ChatStreamEvent> events)
    {
        if (_open >= 0)
        {
            events.Add(new PartEnded(_open));
            _open = -1;
        }
    }

    private void End(JsonElement line, List<ChatStreamEvent> events)
    {
        EndOpen(events);
        _isOver = true;
        events.Add(new ChoiceStopped(0, OllamaResponseReader.ReadStop(line, _calls > 0) ?? new Stop(StopReason.EndTurn, null))
        {
            Extensions = OllamaResponseReader.Rest(line.Clone()),
        });
        if (OllamaResponseReader.ReadUsage(line) is { } usage)
        {
            events.Add(new UsageReported(usage));
        }

        events.Add(AnswerEnded.Instance);
    }
}
