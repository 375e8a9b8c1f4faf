using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Writes the events of <c>ConverseStream</c>. Blocks never overlap and are counted from 0; one of which nothing can be told (a part that
/// only another dialect knows, an empty text) is not begun.
/// </summary>
internal sealed class BedrockStreamWriter : ChatStreamWriter
{
    private readonly PartSequencer _sequencer = new();
    private readonly List<ChatStreamEvent> _ready = [];
    private readonly ArrayBufferWriter<byte> _payload = new(256);
    private int _block;
    private bool _isOpen;
    private bool _hasDelta;
    private bool _hasStarted;
    private bool _hasToolCall;
    private bool _hasEnded;
    private Part? _part;
    private Signature? _late;
    private Stop? _stop;
    private Usage? _usage;

    public override string ContentType => "application/vnd.amazon.eventstream";

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_hasEnded)
        {
            return;
        }

        _ready.Clear();
        _sequencer.Push(streamEvent, _ready);
        foreach (var ready in _ready)
        {
            WriteReady(ready, output);
        }
    }

    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        _payload.ResetWrittenCount();
        var json = BeginJson(_payload);
        BedrockErrors.Write(json, error, hasType: false);
        json.Flush();
        EventStreamWriter.WriteException(output, BedrockErrors.StreamTypeOf(error), _payload.WrittenSpan);
    }

    private void WriteReady(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        switch (streamEvent)
        {
            case PartDelta delta:
                WriteText(delta.Text, output);
                break;
            case PartStarted started:
                StartMessage(output);
                StartPart(started.Content, output);
                break;
            case PartEnded:
                EndPart(output);
                break;
            case PartSigned signed:
                Sign(signed.Signature, output);
                break;
            case PartCited cited when _part is TextPart:
                var json = BeginDelta();
                json.WritePropertyName("citation"u8);
                BedrockCitation.Write(json, cited.Citation);
                EndDelta(json, output);
                break;
            case AudioDelta { Transcript: { } said }:
                // The stream has no sound; what is said is text.
                WriteText(said, output);
                break;
            case AnswerStarted:
                StartMessage(output);
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
                End(output);
                break;
        }
    }

    private void StartMessage(IBufferWriter<byte> output)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            var json = Begin();
            json.WriteString("role"u8, "assistant"u8);
            Send("messageStart", json, output);
        }
    }

    private void StartPart(Part part, IBufferWriter<byte> output)
    {
        (_part, _late, _hasDelta) = (part, null, false);
        if (SignatureCarrier.Of(part) is { } signature)
        {
            WriteRedacted(signature, output);
        }

        switch (part)
        {
            case ToolCallPart call:
                _hasToolCall = true;
                StartBlock("toolUse", ToolCallId.Fit(call.Id, 64), call.Name, output);
                if (call.IsCustom)
                {
                    WriteInner("toolUse", "input", StreamedFreeText.Opening, output);
                }

                WriteText(call.Arguments, output);
                break;
            case TextPart text:
                WriteText(text.Text, output);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text, output);
                break;
            case ReasoningPart { IsRedacted: true, Signature: { } redacted }:
                WriteRedacted(redacted, output);
                break;
            case ReasoningPart reasoning:
                WriteText(reasoning.Text, output);
                Sign(reasoning.Signature, output);
                break;
            case ImagePart image when BedrockMediaWriter.Fault(image) is null:
                WriteImage(image, output);
                break;
            case OpaquePart { Dialect: Dialect.Bedrock } opaque:
                WriteOpaque(opaque.Value, output);
                break;
        }
    }

    private void StartBlock(string type, string id, string name, IBufferWriter<byte> output)
    {
        var json = BeginStart();
        json.WriteStartObject(type);
        json.WriteString("toolUseId"u8, id);
        json.WriteString("name"u8, name);
        json.WriteEndObject();
        EndStart(json, output);
    }

    private void WriteText(string text, IBufferWriter<byte> output)
    {
        if (text.Length == 0)
        {
            return;
        }

        switch (_part)
        {
            case TextPart or RefusalPart or AudioPart:
                var json = BeginDelta();
                json.WriteString("text"u8, text);
                EndDelta(json, output);
                break;
            case ToolCallPart call:
                WriteInner("toolUse", "input", call.IsCustom ? StreamedFreeText.Piece(text) : text, output);
                break;
            case ReasoningPart { IsRedacted: false }:
                WriteInner("reasoningContent", "text", text, output);
                break;
        }
    }

    private void Sign(Signature? signature, IBufferWriter<byte> output)
    {
        if (signature is null)
        {
            return;
        }

        if (_part is ReasoningPart { IsRedacted: false })
        {
            WriteInner("reasoningContent", "signature", BedrockSignature.Write(signature), output);
        }
        else
        {
            // The block is open already: the signature's own follows.
            _late = signature;
        }
    }

    private void EndPart(IBufferWriter<byte> output)
    {
        if (_part is ToolCallPart { IsCustom: true })
        {
            WriteInner("toolUse", "input", StreamedFreeText.Closing, output);
        }
        else if (_part is ToolCallPart && !_hasDelta)
        {
            WriteText("{}", output);
        }

        StopBlock(output);
        if (_late is { } signature)
        {
            WriteRedacted(signature, output);
        }

        (_part, _late) = (null, null);
    }

    /// <summary>A block of its own.</summary>
    private void WriteRedacted(Signature signature, IBufferWriter<byte> output)
    {
        WriteInner("reasoningContent", "redactedContent", BedrockSignature.WriteRedacted(signature), output);
        StopBlock(output);
        _hasDelta = false;
    }

    private void WriteImage(ImagePart image, IBufferWriter<byte> output)
    {
        var format = BedrockFormats.Image(image.Source.MediaType, image.Source.Base64 is { } base64 ? base64.Span : default);
        var json = BeginStart();
        json.WriteStartObject("image"u8);
        json.WriteOptional("format", format);
        json.WriteEndObject();
        EndStart(json, output);
        json = BeginDelta();
        BedrockMediaWriter.WriteImageDelta(json, image);
        EndDelta(json, output);
    }

    /// <summary>A call of a tool that the provider ran, or its result: what the pieces of <see cref="BedrockStreamBlock"/> were.</summary>
    private void WriteOpaque(JsonElement block, IBufferWriter<byte> output)
    {
        var isCall = block.Object("toolUse") is not null;
        if ((block.Object("toolUse") ?? block.Object("toolResult")) is not { } body)
        {
            return;
        }

        var json = BeginStart();
        json.WriteStartObject(isCall ? "toolUse"u8 : "toolResult"u8);
        foreach (var member in body.EnumerateObject())
        {
            if (!member.NameEquals(isCall ? "input"u8 : "content"u8))
            {
                json.WriteMember(member);
            }
        }

        json.WriteEndObject();
        EndStart(json, output);
        if (isCall)
        {
            WriteInner("toolUse", "input", body.Member("input")?.GetRawText() ?? "{}", output);
        }
        else if (body.Array("content") is { } content)
        {
            json = BeginDelta();
            json.WritePropertyName("toolResult"u8);
            json.WriteElement(content);
            EndDelta(json, output);
        }
    }

    private void StopBlock(IBufferWriter<byte> output)
    {
        if (_isOpen)
        {
            _isOpen = false;
            var json = Begin();
            json.WriteNumber("contentBlockIndex"u8, _block++);
            Send("contentBlockStop", json, output);
        }
    }

    private void End(IBufferWriter<byte> output)
    {
        _hasEnded = true;
        StartMessage(output);
        var json = Begin();
        // `Raw` is Bedrock's own word only if Bedrock wrote it; its words mean the same whoever wrote them.
        json.WriteString("stopReason"u8, BedrockStop.Write(_stop, isOwn: _stop is { Raw: { } raw } && BedrockStop.IsWord(raw), _hasToolCall));
        Send("messageStop", json, output);
        json = Begin();
        BedrockUsageWriter.Write(json, _usage);
        BedrockUsageWriter.WriteMetrics(json);
        Send("metadata", json, output);
    }

    private void WriteInner(string type, string member, string text, IBufferWriter<byte> output)
    {
        var json = BeginDelta();
        json.WriteStartObject(type);
        json.WriteString(member, text);
        json.WriteEndObject();
        EndDelta(json, output);
    }

    private Utf8JsonWriter BeginStart()
    {
        _isOpen = true;
        var json = Begin();
        json.WriteNumber("contentBlockIndex"u8, _block);
        json.WriteStartObject("start"u8);
        return json;
    }

    private void EndStart(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        Send("contentBlockStart", json, output);
    }

    private Utf8JsonWriter BeginDelta()
    {
        (_isOpen, _hasDelta) = (true, true);
        var json = Begin();
        json.WriteNumber("contentBlockIndex"u8, _block);
        json.WriteStartObject("delta"u8);
        return json;
    }

    private void EndDelta(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        Send("contentBlockDelta", json, output);
    }

    private Utf8JsonWriter Begin()
    {
        _payload.ResetWrittenCount();
        var json = BeginJson(_payload);
        json.WriteStartObject();
        return json;
    }

    private void Send(string eventType, Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        json.Flush();
        EventStreamWriter.WriteEvent(output, eventType, _payload.WrittenSpan);
    }
}
