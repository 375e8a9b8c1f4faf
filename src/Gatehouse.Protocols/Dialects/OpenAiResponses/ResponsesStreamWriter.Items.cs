using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>The item that is open, and the part of it.</summary>
internal sealed partial class ResponsesStreamWriter
{
    private readonly StringBuilder _text = new();
    private readonly List<Part> _content = [];
    private readonly List<Citation> _citations = [];
    private readonly List<JsonElement> _logprobs = [];
    private ArrayBufferWriter<byte>? _scratch;
    private Utf8JsonWriter? _scratchJson;

    /// <summary>The part that is open; null when there is none, or when it has no form here.</summary>
    private Part? _part;

    /// <summary>A message stays open over its parts.</summary>
    private bool _isMessageOpen;

    /// <summary>A call is announced when its first argument comes, so that a signature can be put before it.</summary>
    private bool _isAnnounced;
    private string _itemId = "";
    private int _outputIndex;

    /// <summary>A signature that came when what it signs was announced already; it follows the item.</summary>
    private Signature? _lateSignature;

    private void StartPart(PartStarted started, IBufferWriter<byte> output)
    {
        var part = started.Content is AudioPart { Transcript: null } ? new TextPart("") : ResponsesOutput.Shown(started.Content);
        if (part is null)
        {
            _part = null;
            return;
        }

        var goesOn = ResponsesOutput.GoesOn(part);
        if (!goesOn || !_isMessageOpen || part.Item is not null)
        {
            EndItem(output, "completed");
            _itemId = ResponsesResponseWriter.ItemId(part, context, _outputIndex);
        }

        _part = part;
        _isAnnounced = false;
        _lateSignature = part is TextPart { Signature: { } signature } ? signature : _lateSignature;
        _ = _text.Clear();
        if (goesOn)
        {
            StartContent(part, output);
        }
        else if (part is ReasoningPart or ToolCallPart)
        {
            Delta(part is ReasoningPart reasoning ? reasoning.Text : "", null, output);
        }
    }

    private void StartContent(Part part, IBufferWriter<byte> output)
    {
        if (!_isMessageOpen)
        {
            _isMessageOpen = true;
            _content.Clear();
            var json = BeginItem("response.output_item.added"u8, output);
            // A message with the members of the one that begins, and no content yet.
            ResponsesItemWriter.Begin(json, "message", _itemId);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            ResponsesItemWriter.End(json, part.Item, "in_progress");
            End(json, output);
        }

        _content.Add(part);
        WriteContentPart("response.content_part.added"u8, part is OpaquePart ? part : EmptyOf(part), output);
        switch (part)
        {
            case TextPart { Text.Length: > 0 } text:
                Delta(text.Text, null, output);
                break;
            case RefusalPart { Text.Length: > 0 } refusal:
                Delta(refusal.Text, null, output);
                break;
        }

        foreach (var citation in (part as TextPart)?.Citations ?? [])
        {
            Cite(citation, output);
        }
    }

    private void Delta(string delta, JsonElement? logprobs, IBufferWriter<byte> output)
    {
        if (delta.Length == 0)
        {
            return;
        }

        switch (_part)
        {
            case TextPart:
                var json = BeginPiece("response.output_text.delta"u8, output, delta);
                WriteLogprobs(json, logprobs);
                End(json, output);
                break;
            case RefusalPart:
                End(BeginPiece("response.refusal.delta"u8, output, delta), output);
                break;
            case ReasoningPart reasoning:
                Announce(output);
                if (ResponsesItemWriter.IsRawThought(reasoning))
                {
                    End(BeginPiece("response.reasoning_text.delta"u8, output, delta), output);
                }
                else
                {
                    if (_text.Length == 0)
                    {
                        WriteSummaryPart("response.reasoning_summary_part.added"u8, "", output);
                    }

                    End(BeginPiece("response.reasoning_summary_text.delta"u8, output, delta), output);
                }

                break;
            case ToolCallPart call:
                Announce(output);
                End(BeginPiece(call.IsCustom ? "response.custom_tool_call_input.delta"u8 : "response.function_call_arguments.delta"u8, output, delta), output);
                break;
            default:
                return;
        }

        _ = _text.Append(delta);
    }

    private void Sign(Signature signature)
    {
        switch (_part)
        {
            case ReasoningPart reasoning:
                _part = reasoning with { Signature = signature };
                break;
            case ToolCallPart call when !_isAnnounced:
                _part = call with { Signature = signature };
                break;
            case ToolCallPart or TextPart:
                _lateSignature = signature;
                break;
        }
    }

    private void Cite(Citation citation, IBufferWriter<byte> output)
    {
        if (_part is not TextPart)
        {
            return;
        }

        var json = BeginPiece("response.output_text.annotation.added"u8, output, null);
        json.WriteNumber("annotation_index"u8, _citations.Count);
        json.WritePropertyName("annotation"u8);
        ResponsesItemWriter.WriteAnnotation(json, citation);
        End(json, output);
        _citations.Add(citation);
    }

    private void EndPart(IBufferWriter<byte> output)
    {
        var part = _part;
        _part = null;
        switch (part)
        {
            case TextPart or RefusalPart or OpaquePart { Item: null or { Type: "message" } }:
                EndContent(part, output);
                break;
            case ReasoningPart reasoning:
                _part = reasoning;
                Announce(output);
                EndReasoning(reasoning, output);
                break;
            case ToolCallPart call:
                _part = call;
                EndCall(call, output);
                break;
            case not null:
                // The picture itself comes once.
                BeginWhole("response.output_item.added"u8, part is ImagePart ? new ImagePart(new MediaSource()) : part, output);
                EndWhole(part, "completed", output);
                break;
        }

        _part = null;
    }

    private void EndContent(Part part, IBufferWriter<byte> output)
    {
        var text = _text.ToString();
        var whole = part switch
        {
            TextPart said => said with { Text = text, Citations = [.. _citations], Logprobs = ResponsesLogprobs.ListOf(_logprobs) },
            RefusalPart refusal => refusal with { Text = text },
            _ => part,
        };
        if (part is not OpaquePart)
        {
            var isText = part is TextPart;
            var json = BeginPiece(isText ? "response.output_text.done"u8 : "response.refusal.done"u8, output, null);
            json.WriteString(isText ? "text"u8 : "refusal"u8, text);
            if (whole is TextPart done)
            {
                WriteLogprobs(json, done.Logprobs);
            }

            End(json, output);
        }

        WriteContentPart("response.content_part.done"u8, whole, output);
        _content[^1] = whole;
        _citations.Clear();
        _logprobs.Clear();
    }

    private void EndReasoning(ReasoningPart reasoning, IBufferWriter<byte> output)
    {
        var text = _text.ToString();
        if (text.Length > 0 && ResponsesItemWriter.IsRawThought(reasoning))
        {
            var json = BeginPiece("response.reasoning_text.done"u8, output, null);
            json.WriteString("text"u8, text);
            End(json, output);
        }
        else if (text.Length > 0)
        {
            var json = BeginPiece("response.reasoning_summary_text.done"u8, output, null);
            json.WriteString("text"u8, text);
            End(json, output);
            WriteSummaryPart("response.reasoning_summary_part.done"u8, text, output);
        }

        EndWhole(reasoning with { Text = text }, null, output);
    }

    private void EndCall(ToolCallPart call, IBufferWriter<byte> output)
    {
        if (_text.Length == 0)
        {
            // A client that adds up the pieces must get JSON.
            Delta(call.Arguments.Length > 0 ? call.Arguments : call.IsCustom ? "" : "{}", null, output);
            Announce(output);
        }

        var arguments = _text.ToString();
        var json = BeginPiece(call.IsCustom ? "response.custom_tool_call_input.done"u8 : "response.function_call_arguments.done"u8, output, null);
        if (!call.IsCustom)
        {
            json.WriteString("name"u8, call.Name);
        }

        json.WriteString(call.IsCustom ? "input"u8 : "arguments"u8, arguments);
        End(json, output);
        EndWhole(call with { Arguments = arguments, Signature = null }, "completed", output);
    }

    /// <summary>Tells of an item that has no content yet, once; before it, of the signature of a call.</summary>
    private void Announce(IBufferWriter<byte> output)
    {
        if (_isAnnounced)
        {
            return;
        }

        if (_part is ToolCallPart { Signature: { } signature })
        {
            WriteCarrier(ResponsesSignatures.Before(signature), output);
            _itemId = ResponsesResponseWriter.ItemId(_part, context, _outputIndex);
        }

        _isAnnounced = true;
        var empty = _part switch
        {
            ToolCallPart call => call with { Arguments = "" },
            ReasoningPart reasoning => reasoning with { Text = "", Signature = null },
            _ => _part!,
        };
        BeginWhole("response.output_item.added"u8, empty, output);
    }
}
