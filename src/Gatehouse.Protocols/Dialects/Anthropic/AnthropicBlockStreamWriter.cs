using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// The content blocks of a streamed message: never two open at once, counted from 0. A block of text or thoughts opens with the first piece
/// of it, so that none is empty: callers send an answer back as they got it, and Anthropic refuses empty texts.
/// </summary>
internal abstract class AnthropicBlockStreamWriter : ChatStreamWriter
{
    private int _index;
    private bool _isOpen;
    private bool _hasContent;
    private Part? _part;
    private Signature? _lateSignature;
    private long _soundLength;

    protected bool HasToolCalls { get; private set; }

    protected bool HasRefusal { get; private set; }

    /// <param name="streamEvent">Of a part; those of two parts are never mixed (<see cref="PartSequencer"/>).</param>
    /// <param name="output">Where to.</param>
    protected void WriteBlock(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        switch (streamEvent)
        {
            case PartStarted started:
                StartPart(started.Content, output);
                break;
            case PartDelta delta:
                WriteText(delta.Text, output);
                break;
            case PartSigned signed:
                Sign(signed.Signature, output);
                break;
            case PartCited cited:
                Cite(cited.Citation, output);
                break;
            case AudioDelta audio:
                _soundLength += audio.Base64?.Length ?? 0;
                WriteText(audio.Transcript ?? "", output);
                break;
            case PartEnded:
                EndPart(output);
                break;
        }
    }

    private void StartPart(Part content, IBufferWriter<byte> output)
    {
        _part = content;
        _hasContent = false;
        _lateSignature = null;
        _soundLength = 0;
        if (SignatureCarrier.Of(content) is { } signature)
        {
            WriteWhole(SignatureCarrier.Block(signature), output);
        }

        switch (content)
        {
            case TextPart text:
                WriteText(text.Text, output);
                break;
            case RefusalPart refusal:
                HasRefusal = true;
                WriteText(refusal.Text, output);
                break;
            case ReasoningPart reasoning:
                WriteText(reasoning.Text, output);
                if (reasoning.Signature is { } seal)
                {
                    Sign(seal, output);
                }

                break;
            case ToolCallPart call:
                HasToolCalls = true;
                Open(AnthropicBlockWriter.WithFittingId(call with { Arguments = "" }), output);
                WriteInput(call.IsCustom ? StreamedFreeText.Opening : "", output);
                WriteText(call.Arguments, output);
                break;
            case AudioPart audio:
                _soundLength = audio.Source.Base64?.Length ?? 0;
                WriteText(audio.Transcript ?? "", output);
                break;
            case OpaquePart opaque:
                WriteOpaque(opaque, output);
                break;
            default:
                if (AnthropicAnswerPart.Of(content) is TextPart placeholder)
                {
                    WriteText(placeholder.Text, output);
                }

                break;
        }
    }

    private void EndPart(IBufferWriter<byte> output)
    {
        if (_part is AudioPart audio && !_hasContent)
        {
            WriteText($"[audio: {audio.Source.MediaType ?? audio.Format ?? "of unknown type"}, {_soundLength * 3 / 4} bytes, not expressible in this format]", output);
        }

        WriteInput(_part is ToolCallPart { IsCustom: true } ? StreamedFreeText.Closing : "", output);
        Close(output);
        if (_lateSignature is { } signature)
        {
            WriteWhole(SignatureCarrier.Block(signature), output);
        }

        _part = null;
    }

    private void WriteText(string text, IBufferWriter<byte> output)
    {
        if (text.Length == 0 || _part is null or OpaquePart or ReasoningPart { IsRedacted: true })
        {
            return;
        }

        if (_part is ToolCallPart call)
        {
            WriteInput(call.IsCustom ? StreamedFreeText.Piece(text) : text, output);
            return;
        }

        OpenIfClosed(output);
        _hasContent = true;
        var json = BeginDelta(output);
        switch (_part)
        {
            case ReasoningPart:
                json.WriteString("type"u8, "thinking_delta"u8);
                json.WriteString("thinking"u8, text);
                break;
            default:
                json.WriteString("type"u8, "text_delta"u8);
                json.WriteString("text"u8, text);
                break;
        }

        EndDelta(json, output);
    }

    private void WriteInput(string piece, IBufferWriter<byte> output)
    {
        if (piece.Length > 0)
        {
            OpenIfClosed(output);
            _hasContent = true;
            var json = BeginDelta(output);
            json.WriteString("type"u8, "input_json_delta"u8);
            json.WriteString("partial_json"u8, piece);
            EndDelta(json, output);
        }
    }

    private void Sign(Signature signature, IBufferWriter<byte> output)
    {
        switch (_part)
        {
            case ReasoningPart { IsRedacted: true } redacted when !_hasContent:
                _hasContent = true;
                WriteWhole(redacted with { Signature = signature }, output);
                break;
            case ReasoningPart { IsRedacted: false }:
                OpenIfClosed(output);
                var json = BeginDelta(output);
                json.WriteString("type"u8, "signature_delta"u8);
                json.WriteString("signature"u8, signature.In(Dialect.Anthropic));
                EndDelta(json, output);
                break;
            case TextPart or ToolCallPart:
                _lateSignature = signature;
                break;
        }
    }

    private void Cite(Citation citation, IBufferWriter<byte> output)
    {
        if (_part is not TextPart || !AnthropicCitation.CanWrite(citation))
        {
            return;
        }

        OpenIfClosed(output);
        var json = BeginDelta(output);
        json.WriteString("type"u8, "citations_delta"u8);
        json.WritePropertyName("citation"u8);
        AnthropicCitation.Write(json, citation);
        EndDelta(json, output);
    }

    /// <summary>As Anthropic streams them: the input of a tool that it runs, and a compaction, come in a delta.</summary>
    private void WriteOpaque(OpaquePart opaque, IBufferWriter<byte> output)
    {
        if (opaque.Dialect != Dialect.Anthropic)
        {
            return;
        }

        var name = opaque.Value.Object("input") is not null ? "input" : opaque.Type == "compaction" && opaque.Value.Text("content") is not null ? "content" : null;
        if (name is null)
        {
            WriteWhole(opaque, output);
            return;
        }

        var json = BeginStart(output);
        json.WriteStartObject();
        foreach (var member in opaque.Value.EnumerateObject())
        {
            if (JsonMembers.NameOf(member) != name)
            {
                json.WritePropertyName(JsonMembers.NameOf(member));
                json.WriteElement(member.Value);
            }
            else if (name == "input")
            {
                json.WriteStartObject(name);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNull(name);
            }
        }

        json.WriteEndObject();
        EndStart(json, output);
        json = BeginDelta(output);
        if (name == "input")
        {
            json.WriteString("type"u8, "input_json_delta"u8);
            json.WriteString("partial_json"u8, opaque.Value.Object(name)!.Value.JsonTextOrFail(name));
        }
        else
        {
            json.WriteString("type"u8, "compaction_delta"u8);
            json.WriteString("content"u8, opaque.Value.Text(name));
        }

        EndDelta(json, output);
        Close(output);
    }

    private void WriteWhole(Part part, IBufferWriter<byte> output)
    {
        Close(output);
        Open(part, output);
        Close(output);
    }

    private void OpenIfClosed(IBufferWriter<byte> output)
    {
        if (!_isOpen)
        {
            Open(_part switch
            {
                TextPart text => text with { Text = "", Citations = [] },
                ReasoningPart reasoning => reasoning with { Text = "", Signature = null },
                _ => new TextPart(""),
            }, output);
        }
    }

    private void Open(Part part, IBufferWriter<byte> output)
    {
        var json = BeginStart(output);
        AnthropicBlockWriter.Write(part, isRequest: false, json);
        EndStart(json, output);
    }

    private Utf8JsonWriter BeginStart(IBufferWriter<byte> output)
    {
        var json = BeginEvent("content_block_start"u8, output);
        json.WritePropertyName("content_block"u8);
        return json;
    }

    private void EndStart(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        _isOpen = true;
        json.WriteEndObject();
        EndFrame(output);
    }

    private void Close(IBufferWriter<byte> output)
    {
        if (_isOpen)
        {
            BeginEvent("content_block_stop"u8, output).WriteEndObject();
            EndFrame(output);
            _isOpen = false;
            _index++;
        }
    }

    private Utf8JsonWriter BeginDelta(IBufferWriter<byte> output)
    {
        var json = BeginEvent("content_block_delta"u8, output);
        json.WriteStartObject("delta"u8);
        return json;
    }

    private void EndDelta(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        json.WriteEndObject();
        EndFrame(output);
    }

    private Utf8JsonWriter BeginEvent(ReadOnlySpan<byte> name, IBufferWriter<byte> output)
    {
        var json = BeginFrame(output, name);
        json.WriteStartObject();
        json.WriteString("type"u8, name);
        json.WriteNumber("index"u8, _index);
        return json;
    }
}
