using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>The events of an item.</summary>
internal sealed partial class ResponsesStreamWriter
{
    private static Part EmptyOf(Part part) => part switch
    {
        TextPart text => text with { Text = "", Citations = [], Logprobs = null },
        RefusalPart refusal => refusal with { Text = "" },
        _ => part,
    };

    /// <summary>Ends the message that is open, if there is one.</summary>
    private void EndItem(IBufferWriter<byte> output, string status)
    {
        if (_isMessageOpen)
        {
            _isMessageOpen = false;
            EndWhole(CollectionsMarshal.AsSpan(_content), status, output);
            _content.Clear();
        }
    }

    private void EndWhole(Part part, string? status, IBufferWriter<byte> output) => EndWhole([part], status, output);

    /// <summary>The item is done: it goes out whole, and into the answer.</summary>
    private void EndWhole(ReadOnlySpan<Part> parts, string? status, IBufferWriter<byte> output)
    {
        _scratch ??= new ArrayBufferWriter<byte>();
        _scratchJson ??= new Utf8JsonWriter(_scratch, JsonWriting.Options);
        _scratch.ResetWrittenCount();
        _scratchJson.Reset();
        ResponsesOutput.WriteItem(_scratchJson, parts, _itemId, status);
        _scratchJson.Flush();

        var json = BeginItem("response.output_item.done"u8, output);
        json.WriteRawValue(_scratch.WrittenSpan, skipInputValidation: true);
        End(json, output);

        if (_output.WrittenCount > 0)
        {
            _output.Write(","u8);
        }

        _output.Write(_scratch.WrittenSpan);
        _outputIndex++;
        if (_lateSignature is { } signature)
        {
            _lateSignature = null;
            WriteCarrier(ResponsesSignatures.After(signature), output);
        }
    }

    /// <summary>A reasoning item that does nothing but carry a signature.</summary>
    private void WriteCarrier(ReasoningPart carrier, IBufferWriter<byte> output)
    {
        _itemId = ResponsesResponseWriter.ItemId(carrier, context, _outputIndex);
        BeginWhole("response.output_item.added"u8, carrier, output);
        EndWhole(carrier, null, output);
    }

    private void BeginWhole(ReadOnlySpan<byte> type, Part part, IBufferWriter<byte> output)
    {
        var json = BeginItem(type, output);
        ResponsesOutput.WriteItem(json, [part], _itemId, "in_progress");
        End(json, output);
    }

    private Utf8JsonWriter BeginItem(ReadOnlySpan<byte> type, IBufferWriter<byte> output)
    {
        var json = Begin(type, output);
        json.WriteNumber("output_index"u8, _outputIndex);
        json.WritePropertyName("item"u8);
        return json;
    }

    /// <summary>Begins an event about a piece of the open part.</summary>
    private Utf8JsonWriter BeginPiece(ReadOnlySpan<byte> type, IBufferWriter<byte> output, string? delta)
    {
        var json = Begin(type, output);
        json.WriteString("item_id"u8, _itemId);
        json.WriteNumber("output_index"u8, _outputIndex);
        if (_isMessageOpen)
        {
            json.WriteNumber("content_index"u8, _content.Count - 1);
        }
        else if (_part is ReasoningPart reasoning)
        {
            json.WriteNumber(ResponsesItemWriter.IsRawThought(reasoning) ? "content_index"u8 : "summary_index"u8, 0);
        }

        if (delta is not null)
        {
            json.WriteString("delta"u8, delta);
        }

        return json;
    }

    private void WriteContentPart(ReadOnlySpan<byte> type, Part part, IBufferWriter<byte> output)
    {
        var json = BeginPiece(type, output, null);
        json.WritePropertyName("part"u8);
        ResponsesItemWriter.WriteContent(json, part, isFull: true, isNew: true);
        End(json, output);
    }

    private void WriteSummaryPart(ReadOnlySpan<byte> type, string text, IBufferWriter<byte> output)
    {
        var json = BeginPiece(type, output, null);
        json.WriteStartObject("part"u8);
        json.WriteString("type"u8, "summary_text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
        End(json, output);
    }

    private void WriteLogprobs(Utf8JsonWriter json, JsonElement? logprobs)
    {
        if (ResponsesLogprobs.ListOf(logprobs) is { } list)
        {
            json.WritePropertyName("logprobs"u8);
            json.WriteElement(list);
            if (_part is not null)
            {
                _logprobs.Add(list);
            }
        }
        else
        {
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        }
    }
}
