using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>Writes the messages of one request, and the documents that other dialects have within them.</summary>
/// <param name="writer">In the request's object.</param>
/// <param name="request">What to write.</param>
/// <param name="context">The target.</param>
internal sealed class CohereMessageWriter(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
{
    private readonly bool _isOwn = request.Dialect == Dialect.Cohere;
    private readonly List<FilePart> _documents = [];

    public void WriteAll()
    {
        writer.WriteStartArray("messages");
        for (var i = 0; i < request.Messages.Count; i++)
        {
            WriteMessage(request.Messages[i], $"messages[{i}]");
        }

        writer.WriteEndArray();
    }

    /// <summary>"A list of relevant documents that the model can cite": for the whole conversation, whichever turn brought them.</summary>
    public void WriteDocuments()
    {
        if (_documents.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("documents");
        foreach (var document in _documents)
        {
            WriteDocument(document);
        }

        writer.WriteEndArray();
    }

    private void WriteMessage(ChatMessage message, string field)
    {
        context.Dropped.Add(message.Extensions, Dialect.Cohere, $"{field}.");
        if (message.Name is not null)
        {
            context.Dropped.Add("name");
        }

        if (message.CacheControl is not null)
        {
            context.Dropped.Add("cache_control");
        }

        switch (message.Role)
        {
            case Role.Assistant:
                WriteAssistant(message, field);
                break;
            case Role.User when message.Parts.Any(p => p is ToolResultPart):
                WriteResults(message, field);
                break;
            default:
                WriteTurn(message, message.Parts, message.Role == Role.User ? "user" : "system", field);
                break;
        }
    }

    private void WriteTurn(ChatMessage message, IReadOnlyList<Part> parts, string role, string field)
    {
        if (!_isOwn)
        {
            parts = WithoutDocuments(parts);
            if (parts.Count == 0)
            {
                return;
            }
        }

        writer.WriteStartObject();
        writer.WriteString("role", role);
        WriteContent(message.IsPlainText, parts, role == "user", field);
        writer.WriteExtensions(message.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    private List<Part> WithoutDocuments(IReadOnlyList<Part> parts)
    {
        var rest = new List<Part>(parts.Count);
        foreach (var part in parts)
        {
            if (part is FilePart { Source.Text: not null } document)
            {
                _documents.Add(document);
            }
            else
            {
                rest.Add(part);
            }
        }

        return rest;
    }

    private void WriteAssistant(ChatMessage message, string field)
    {
        var calls = message.Parts.OfType<ToolCallPart>().ToList();
        var content = new List<Part>(message.Parts.Count);
        var plan = new List<string>();
        var citations = new List<Citation>();
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                case ToolCallPart:
                    break;
                case ReasoningPart when !_isOwn:
                    context.Dropped.Add("reasoning");
                    break;
                case TextPart text when _isOwn ? CohereMessageReader.IsPlan(text) : calls.Count > 0:
                    plan.Add(text.Text);
                    citations.AddRange(text.Citations);
                    break;
                case RefusalPart refusal:
                    content.Add(new TextPart(refusal.Text));
                    break;
                default:
                    content.Add(part);
                    citations.AddRange((part as TextPart)?.Citations ?? []);
                    break;
            }
        }

        if (!_isOwn && content.Count == 0 && plan.Count == 0 && calls.Count == 0)
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("role", "assistant");
        WriteContent(message.IsPlainText, content, takesImages: false, field);
        if (plan.Exists(p => p.Length > 0))
        {
            writer.WriteString("tool_plan", string.Join("\n\n", plan));
        }

        WriteCalls(calls, field);
        CohereContentWriter.WriteCitations(writer, citations.Where(c => c.Dialect == Dialect.Cohere));
        writer.WriteExtensions(message.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    private void WriteCalls(List<ToolCallPart> calls, string field)
    {
        if (calls.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tool_calls");
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            var place = $"{field}.tool_calls[{i}]";
            if (call.IsCustom)
            {
                throw new UnsupportedException($"{place} (custom tool '{call.Name}')");
            }

            UnknownHints.Check(call, context.Dropped, Dialect.Cohere, place);
            CohereContentWriter.WriteCall(writer, call);
        }

        writer.WriteEndArray();
    }

    private void WriteResults(ChatMessage message, string field)
    {
        var rest = new List<Part>();
        for (var i = 0; i < message.Parts.Count; i++)
        {
            if (message.Parts[i] is ToolResultPart result)
            {
                WriteResult(result, message, $"{field}.content[{i}]", rest);
            }
        }

        rest.AddRange(message.Parts.Where(p => p is not ToolResultPart));
        if (rest.Count > 0)
        {
            WriteTurn(message with { IsPlainText = false, Extensions = null }, rest, "user", field);
        }
    }

    private void WriteResult(ToolResultPart result, ChatMessage message, string field, List<Part> rest)
    {
        UnknownHints.Check(result, context.Dropped, Dialect.Cohere, field);
        if (result.IsError is true)
        {
            context.Dropped.Add("is_error");
        }

        var content = result.Content.Where(IsOfTool).ToList();
        var hasMore = content.Count < result.Content.Count;
        if (hasMore)
        {
            // A tool's message takes text and documents; what else it returned follows as the user's.
            rest.Add(new TextPart($"Result of tool call {result.CallId}:"));
            rest.AddRange(result.Content.Where(p => !IsOfTool(p)));
        }

        writer.WriteStartObject();
        writer.WriteString("role", "tool");
        writer.WriteString("tool_call_id", result.CallId);
        if (content.Count == 0)
        {
            writer.WriteString("content", hasMore ? "The result is in the next user message." : "");
        }
        else
        {
            WriteContent(result.IsPlainText, content, takesImages: false, field);
        }

        if (_isOwn)
        {
            writer.WriteExtensions(message.Extensions, Dialect.Cohere);
        }

        writer.WriteEndObject();
    }

    private static bool IsOfTool(Part part) => part is TextPart or OpaquePart or FilePart { Source.Text: not null };

    private void WriteContent(bool isPlainText, IReadOnlyList<Part> parts, bool takesImages, string field)
    {
        if (parts.Count == 0 && !(isPlainText && _isOwn))
        {
            return;
        }

        if ((isPlainText || !_isOwn) && parts is [] or [TextPart])
        {
            var text = parts.Count > 0 ? (TextPart)parts[0] : new TextPart("");
            UnknownHints.Check(text, context.Dropped, Dialect.Cohere, field);
            writer.WriteString("content", text.Text);
            return;
        }

        writer.WriteStartArray("content");
        for (var i = 0; i < parts.Count; i++)
        {
            WritePart(parts[i], takesImages, $"{field}.content[{i}]");
        }

        writer.WriteEndArray();
    }

    private void WritePart(Part part, bool takesImages, string field)
    {
        if (part is not FilePart)
        {
            UnknownHints.Check(part, context.Dropped, Dialect.Cohere, field);
        }

        switch (part)
        {
            case TextPart text:
                CohereContentWriter.WriteText(writer, text.Text, text.Extensions);
                break;
            case ReasoningPart reasoning:
                CohereContentWriter.WriteThinking(writer, reasoning);
                break;
            case ImagePart { Source.FileId: null } image when takesImages:
                WriteImage(image);
                break;
            case FilePart { Source.Text: not null } document:
                writer.WriteStartObject();
                writer.WriteString("type", "document");
                if (OpenAiChatMembers.Kept(document.Extensions, Dialect.Cohere, "document") is null)
                {
                    writer.WritePropertyName("document");
                    WriteDocument(document);
                }

                writer.WriteExtensions(document.Extensions, Dialect.Cohere);
                writer.WriteEndObject();
                break;
            case OpaquePart own when own.Dialect == Dialect.Cohere:
                writer.WriteElement(own.Value);
                break;
            default:
                throw new UnsupportedException($"{field} ({NameOf(part)})");
        }
    }

    private void WriteImage(ImagePart image)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "image_url");
        writer.WriteStartObject("image_url");
        DataUrl.Write(writer, "url", image.Source, "image/png");
        if (image.Detail is null or "auto" or "low" or "high" || _isOwn)
        {
            writer.WriteOptional("detail", image.Detail);
        }
        else
        {
            context.Dropped.Add("detail");
        }

        writer.WriteEndObject();
        writer.WriteExtensions(image.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    private void WriteDocument(FilePart document)
    {
        UnknownHints.Check(document, context.Dropped, Dialect.Cohere, "document");
        writer.WriteStartObject();
        writer.WriteStartObject("data");
        writer.WriteOptional("title", document.Title ?? document.FileName);
        writer.WriteOptional("context", document.Context);
        writer.WriteString("text", document.Source.Text);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string NameOf(Part part) => part is OpaquePart opaque ? opaque.Type : part.GetType().Name[..^4].ToLowerInvariant();
}
