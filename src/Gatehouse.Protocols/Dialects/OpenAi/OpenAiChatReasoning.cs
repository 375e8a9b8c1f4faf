using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// The thoughts of a message. The format has no member for them, its providers have four: <c>reasoning_content</c> (DeepSeek, Qwen, Kimi,
/// Z.ai, xAI, llama.cpp, vLLM), <c>reasoning</c> (OpenRouter, Groq, Ollama, newer vLLM), <c>reasoning_details</c> (OpenRouter, Vercel,
/// Snowflake: pieces with signatures), <c>thinking_blocks</c> (LiteLLM: Anthropic's blocks).
/// </summary>
internal static class OpenAiChatReasoning
{
    public const string Details = "reasoning_details";

    private const string ThinkingBlocks = "thinking_blocks";

    private static readonly string[] Names = ["reasoning_content", "reasoning", Details, ThinkingBlocks];

    /// <summary>Whose signatures a piece's <c>format</c> names, as OpenRouter does.</summary>
    private static readonly (Dialect Maker, string Prefix, string Format)[] Formats =
    [
        (Dialect.Anthropic, "anthropic", "anthropic-claude-v1"),
        (Dialect.Gemini, "google", "google-gemini-v1"),
        (Dialect.OpenAiResponses, "openai", "openai-responses-v1"),
    ];

    public static bool IsMember(string name) => Array.IndexOf(Names, name) >= 0;

    /// <summary>Adds the thoughts of a message. The first has the members as they were written, for a target of the same dialect.</summary>
    public static void Read(JsonElement message, Dialect dialect, List<Part> parts)
    {
        var first = parts.Count;
        if (message.Array(Details) is { } details)
        {
            ReadDetails(details, parts);
        }

        if (parts.Count == first && message.Array(ThinkingBlocks) is { } blocks)
        {
            ReadBlocks(blocks, parts);
        }

        if (TextOf(message) is { Length: > 0 } text && !HasText(parts, first))
        {
            // A piece that has only the signature: its text stands beside it.
            if (parts.Count > first && parts[first] is ReasoningPart { IsRedacted: false } signed)
            {
                parts[first] = signed with { Text = text };
            }
            else
            {
                parts.Insert(first, new ReasoningPart { Text = text });
            }
        }

        if (parts.Count > first)
        {
            parts[first] = parts[first] with { Extensions = AsWritten(message, dialect) };
        }
    }

    /// <summary>The plain text of the thoughts, whatever its name.</summary>
    public static string? TextOf(JsonElement message) =>
        message.Text("reasoning_content") is { Length: > 0 } content ? content : message.Text("reasoning");

    /// <summary>The signature in one piece.</summary>
    public static Signature SignatureOf(string value, string? format)
    {
        foreach (var (maker, prefix, _) in Formats)
        {
            if (format is not null && format.StartsWith(prefix, StringComparison.Ordinal))
            {
                return new Signature(maker, value);
            }
        }

        return Signature.From(Dialect.OpenAiChat, value);
    }

    /// <summary>Writes the thoughts of a message: as they were written, if they are of this dialect; else as text and signed pieces.</summary>
    /// <param name="writer">In a message.</param>
    /// <param name="parts">Of the message.</param>
    /// <param name="dialect">The writer's.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<Part> parts, Dialect dialect)
    {
        var texts = new List<string>();
        var isSigned = false;
        foreach (var part in parts)
        {
            if (part is not ReasoningPart reasoning)
            {
                continue;
            }

            if (reasoning.Extensions is { } written && written.Dialect == dialect && written.Members.Any(m => IsMember(m.Name)))
            {
                writer.WriteExtensions(written, dialect);
                return;
            }

            texts.Add(reasoning.Text);
            isSigned |= reasoning.Signature is not null;
        }

        if (texts.Count == 0)
        {
            return;
        }

        writer.WriteString("reasoning_content", string.Concat(texts));
        if (isSigned)
        {
            writer.WriteStartArray(Details);
            var index = 0;
            foreach (var reasoning in parts.OfType<ReasoningPart>())
            {
                WriteDetail(writer, reasoning, index++);
            }

            writer.WriteEndArray();
        }
    }

    /// <summary>One thought as one or two pieces.</summary>
    public static void WriteDetail(Utf8JsonWriter writer, ReasoningPart reasoning, int index)
    {
        var isSummary = reasoning.Signature?.Maker == Dialect.OpenAiResponses;
        if (!reasoning.IsRedacted && (!isSummary || reasoning.Text.Length > 0))
        {
            writer.WriteStartObject();
            writer.WriteString("type", isSummary ? "reasoning.summary" : "reasoning.text");
            writer.WriteString(isSummary ? "summary" : "text", reasoning.Text);
            if (!isSummary && reasoning.Signature is { } signature)
            {
                WriteSignature(writer, "signature", signature);
            }

            WriteEnd(writer, reasoning.Signature, index);
        }

        if (reasoning.Signature is { } sealedThought && (reasoning.IsRedacted || isSummary))
        {
            WriteEncrypted(writer, sealedThought, reasoning.ItemId, index);
        }
    }

    /// <summary>A piece of text of a thought that is still being told.</summary>
    public static void WriteTextDelta(Utf8JsonWriter writer, string text, int index)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "reasoning.text");
        writer.WriteString("text", text);
        WriteEnd(writer, null, index);
    }

    /// <summary>The signature of a thought whose text was told before.</summary>
    public static void WriteSignatureDelta(Utf8JsonWriter writer, Signature signature, int index)
    {
        if (signature.Maker == Dialect.OpenAiResponses)
        {
            WriteEncrypted(writer, signature, null, index);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type", "reasoning.text");
        WriteSignature(writer, "signature", signature);
        WriteEnd(writer, signature, index);
    }

    private static void WriteEncrypted(Utf8JsonWriter writer, Signature signature, string? id, int index)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "reasoning.encrypted");
        WriteSignature(writer, "data", signature);
        writer.WriteOptional("id", id);
        WriteEnd(writer, signature, index);
    }

    private static void WriteSignature(Utf8JsonWriter writer, string name, Signature signature) =>
        writer.WriteString(name, FormatOf(signature.Maker) is null ? signature.In(Dialect.OpenAiChat) : signature.Value);

    private static void WriteEnd(Utf8JsonWriter writer, Signature? signature, int index)
    {
        if (signature is not null)
        {
            writer.WriteString("format", FormatOf(signature.Maker) ?? "unknown");
        }

        writer.WriteNumber("index", index);
        writer.WriteEndObject();
    }

    private static string? FormatOf(Dialect maker)
    {
        var found = Array.Find(Formats, f => f.Maker == maker);
        return found.Format;
    }

    private static void ReadDetails(JsonElement details, List<Part> parts)
    {
        // The pieces of the summary with which the last part ends.
        var summary = new List<string>();
        foreach (var detail in details.EnumerateArray())
        {
            var format = detail.Text("format");
            var signature = detail.Text("signature") is { Length: > 0 } value ? SignatureOf(value, format) : null;
            switch (detail.Text("type"))
            {
                case "reasoning.text":
                    EndSummary(summary, parts);
                    parts.Add(new ReasoningPart { Text = detail.Text("text") ?? "", Signature = signature });
                    break;
                case "reasoning.summary" when detail.Text("summary") is { } piece:
                    summary.Add(piece);
                    break;
                case "reasoning.encrypted" when detail.Text("data") is { } data:
                    EndSummary(summary, parts);
                    AddEncrypted(SignatureOf(data, format), detail.Text("id"), parts);
                    break;
            }
        }

        EndSummary(summary, parts);
    }

    private static void EndSummary(List<string> pieces, List<Part> parts)
    {
        if (pieces.Count > 0)
        {
            parts.Add(new ReasoningPart { Text = string.Join("\n\n", pieces), Summary = [.. pieces] });
            pieces.Clear();
        }
    }

    private static void AddEncrypted(Signature signature, string? id, List<Part> parts)
    {
        // In a stream the text comes before anybody knows that it is a summary.
        if (parts is [.., ReasoningPart { Signature: null } last]
            && (signature.Maker == Dialect.OpenAiResponses || (signature.Maker != Dialect.Gemini && last.Summary is not null)))
        {
            parts[^1] = last with { Signature = signature, ItemId = id, Summary = last.Summary ?? [last.Text] };
        }
        else
        {
            parts.Add(new ReasoningPart { Signature = signature, IsRedacted = true, ItemId = id });
        }
    }

    private static void ReadBlocks(JsonElement blocks, List<Part> parts)
    {
        foreach (var block in blocks.EnumerateArray())
        {
            if (block.Text("data") is { } data)
            {
                parts.Add(new ReasoningPart { IsRedacted = true, Signature = Signature.From(Dialect.Anthropic, data) });
            }
            else if (block.Text("thinking") is { } thinking)
            {
                parts.Add(new ReasoningPart
                {
                    Text = thinking,
                    Signature = block.Text("signature") is { Length: > 0 } signature ? Signature.From(Dialect.Anthropic, signature) : null,
                });
            }
        }
    }

    private static bool HasText(List<Part> parts, int first)
    {
        for (var i = first; i < parts.Count; i++)
        {
            if (parts[i] is ReasoningPart { Text.Length: > 0 })
            {
                return true;
            }
        }

        return false;
    }

    private static Extensions? AsWritten(JsonElement message, Dialect dialect)
    {
        List<Extension>? members = null;
        foreach (var name in Names)
        {
            if (message.Member(name) is { } value)
            {
                (members ??= []).Add(new Extension(name, value) { IsSaid = true });
            }
        }

        return Extensions.Of(dialect, members);
    }
}
