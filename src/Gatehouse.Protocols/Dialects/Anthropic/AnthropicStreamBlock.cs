using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>One content block of a stream, as it grows. A block without a neutral form is told when it is whole.</summary>
internal sealed class AnthropicStreamBlock
{
    private readonly int _part;

    /// <summary>Of a tool call: the arguments that the block began with; what follows replaces them.</summary>
    private readonly string? _firstArguments;

    /// <summary>Set for a block without a neutral form.</summary>
    private readonly JsonElement? _opaque;

    private bool _hasArguments;
    private Dictionary<string, StringBuilder>? _grown;

    private AnthropicStreamBlock(int part, string? firstArguments = null, JsonElement? opaque = null)
    {
        _part = part;
        _firstArguments = firstArguments;
        _opaque = opaque;
    }

    /// <param name="block">As <c>content_block_start</c> has it; kept.</param>
    /// <param name="part">The number of the part.</param>
    /// <param name="fallbackId">For a tool call without an id.</param>
    /// <param name="events">What it tells is added here.</param>
    public static AnthropicStreamBlock Start(JsonElement block, int part, string fallbackId, List<ChatStreamEvent> events)
    {
        if (block.HasText("type", "text"))
        {
            events.Add(new PartStarted(0, part, new TextPart("") { Extensions = block.ExtensionsBeside(Dialect.Anthropic, AnthropicBlockReader.TextMembers) }));
            AddText(part, block.Text("text"), events);
            foreach (var citation in AnthropicCitation.ReadAll(block))
            {
                events.Add(new PartCited(part, citation));
            }

            return new AnthropicStreamBlock(part);
        }

        switch (AnthropicBlockReader.Read(block, new BlockPlace("content", part), fallbackId))
        {
            case ReasoningPart { IsRedacted: true } redacted:
                events.Add(new PartStarted(0, part, redacted));
                return new AnthropicStreamBlock(part);
            case ReasoningPart reasoning:
                events.Add(new PartStarted(0, part, reasoning with { Text = "", Signature = null }));
                AddText(part, reasoning.Text, events);
                if (reasoning.Signature is { } signature)
                {
                    events.Add(new PartSigned(part, signature));
                }

                return new AnthropicStreamBlock(part);
            case ToolCallPart call:
                events.Add(new PartStarted(0, part, call with { Arguments = "" }));
                return new AnthropicStreamBlock(part, firstArguments: call.Arguments);
            default:
                Check(block);
                return new AnthropicStreamBlock(part, opaque: block);
        }
    }

    /// <param name="delta">Not kept.</param>
    /// <param name="events">What it tells is added here.</param>
    public void Add(JsonElement delta, List<ChatStreamEvent> events)
    {
        if (_opaque is not null)
        {
            Grow(delta);
            return;
        }

        switch (delta.Text("type"))
        {
            case "text_delta":
                AddText(_part, delta.Text("text"), events);
                break;
            case "thinking_delta":
                AddText(_part, delta.Text("thinking"), events);
                break;
            case "input_json_delta" when delta.Text("partial_json") is { Length: > 0 } json:
                _hasArguments = true;
                AddText(_part, json, events);
                break;
            case "signature_delta" when delta.Text("signature") is { Length: > 0 } signature:
                events.Add(new PartSigned(_part, Signature.From(Dialect.Anthropic, signature)));
                break;
            case "citations_delta" when delta.Object("citation") is { } citation:
                events.Add(new PartCited(_part, AnthropicCitation.Read(citation.Clone())));
                break;
        }
    }

    public void End(List<ChatStreamEvent> events)
    {
        if (_opaque is { } block)
        {
            var whole = _grown is null ? block : Whole(block, _grown);
            events.Add(new PartStarted(0, _part, new OpaquePart(Dialect.Anthropic, whole.Text("type") ?? "", whole)));
        }
        else if (!_hasArguments && _firstArguments is not (null or "{}"))
        {
            events.Add(new PartDelta(_part, _firstArguments));
        }

        events.Add(new PartEnded(_part));
    }

    /// <summary>A writer must find its members; one that it cannot read is to be found now.</summary>
    /// <exception cref="MalformedException">Half a surrogate pair, or bytes that are not UTF-8.</exception>
    private static void Check(JsonElement block)
    {
        foreach (var member in block.EnumerateObject())
        {
            _ = JsonMembers.NameOf(member);
        }

        _ = block.Text("content");
        _ = block.Member("input")?.JsonTextOrFail("input");
    }

    private static void AddText(int part, string? text, List<ChatStreamEvent> events)
    {
        if (!string.IsNullOrEmpty(text))
        {
            events.Add(new PartDelta(part, text));
        }
    }

    /// <summary>Whatever the type of the delta: its texts go on with the block's members of the same names (<c>compaction_delta</c>).</summary>
    private void Grow(JsonElement delta)
    {
        foreach (var member in delta.EnumerateObject())
        {
            var name = JsonMembers.NameOf(member);
            if (member.Value.ValueKind == JsonValueKind.String && name != "type")
            {
                name = name == "partial_json" ? "input" : name;
                _grown ??= new Dictionary<string, StringBuilder>(StringComparer.Ordinal);
                if (!_grown.TryGetValue(name, out var text))
                {
                    _grown[name] = text = new StringBuilder();
                }

                _ = text.Append(member.Value.TextOrFail(name));
            }
        }
    }

    private static JsonElement Whole(JsonElement block, Dictionary<string, StringBuilder> grown) => JsonMade.Element(writer =>
    {
        writer.WriteStartObject();
        foreach (var member in block.EnumerateObject())
        {
            var name = JsonMembers.NameOf(member);
            if (!grown.TryGetValue(name, out var text) || (name == "input" && text.Length == 0))
            {
                writer.WriteMember(member);
            }
        }

        foreach (var (name, text) in grown)
        {
            if (name != "input")
            {
                writer.WriteString(name, (block.Text(name) ?? "") + text);
            }
            else if (text.Length > 0)
            {
                writer.WritePropertyName(name);
                writer.WriteJsonObject(text.ToString());
            }
        }

        writer.WriteEndObject();
    });
}
