using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>Writes the messages of one request. A message has one text, and its images beside it.</summary>
/// <param name="writer">In the request's object.</param>
/// <param name="request">What to write.</param>
/// <param name="context">The target.</param>
internal sealed class OllamaMessageWriter(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
{
    private readonly bool _isOwn = request.Dialect == Dialect.Ollama;
    private readonly Dictionary<string, string> _toolNames = Conversation.ToolNames(request.Messages);

    public void WriteAll()
    {
        writer.WriteStartArray("messages");
        for (var i = 0; i < request.Messages.Count; i++)
        {
            WriteMessage(request.Messages[i], $"messages[{i}]");
        }

        writer.WriteEndArray();
    }

    /// <summary>A call as Ollama has it: its arguments are an object.</summary>
    /// <param name="writer">At a place for a value.</param>
    /// <param name="call">What to write.</param>
    /// <param name="isOwn">It was read in this dialect: an id that it did not have is not told.</param>
    /// <param name="index">Among the calls of the answer; null to leave it out, as requests do.</param>
    public static void WriteCall(Utf8JsonWriter writer, ToolCallPart call, bool isOwn, int? index)
    {
        writer.WriteStartObject();
        if (!isOwn)
        {
            // Versions that do not know ids of calls skip them.
            writer.WriteString("id", call.Id);
        }

        if (OpenAiChatMembers.Kept(call.Extensions, Dialect.Ollama, "function") is null)
        {
            writer.WriteStartObject("function");
            writer.WriteOptional("index", isOwn ? null : index);
            writer.WriteString("name", call.Name);
            writer.WritePropertyName("arguments");
            writer.WriteJsonObject(call.Arguments);
            writer.WriteEndObject();
        }

        writer.WriteExtensions(call.Extensions, Dialect.Ollama);
        writer.WriteEndObject();
    }

    private void WriteMessage(ChatMessage message, string field)
    {
        context.Dropped.Add(message.Extensions, Dialect.Ollama, $"{field}.");
        if (message.Name is not null)
        {
            context.Dropped.Add("name");
        }

        if (message.CacheControl is not null)
        {
            context.Dropped.Add("cache_control");
        }

        if (!message.Parts.Any(p => p is ToolResultPart))
        {
            WriteTurn(message, message.Parts, field);
            return;
        }

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
            WriteTurn(message with { Extensions = null }, rest, field);
        }
    }

    private void WriteTurn(ChatMessage message, IReadOnlyList<Part> parts, string field)
    {
        var texts = new List<string>();
        var images = new List<ImagePart>();
        var calls = new List<ToolCallPart>();
        var thoughts = new List<ReasoningPart>();
        for (var i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            UnknownHints.Check(part, context.Dropped, Dialect.Ollama, $"{field}.content[{i}]");
            switch (part)
            {
                case TextPart text:
                    texts.Add(text.Text);
                    break;
                case RefusalPart refusal:
                    texts.Add(refusal.Text);
                    break;
                case ImagePart image:
                    images.Add(Checked(image, $"{field}.content[{i}]"));
                    break;
                case ToolCallPart { IsCustom: false } call:
                    calls.Add(call);
                    break;
                case ReasoningPart { Text.Length: > 0 } thought when _isOwn || context.Rules.Has("reasoning_content"):
                    thoughts.Add(thought);
                    break;
                case ReasoningPart:
                    context.Dropped.Add("reasoning");
                    break;
                default:
                    throw new UnsupportedException($"{field}.content[{i}] ({NameOf(part)})");
            }
        }

        if (!_isOwn && texts.Count + images.Count + calls.Count + thoughts.Count == 0)
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("role", message.Role switch { Role.User => "user", Role.Assistant => "assistant", _ => "system" });
        if (texts.Count > 0 || message.IsPlainText || !_isOwn)
        {
            writer.WriteString("content", string.Join("\n\n", texts));
        }

        if (thoughts.Count > 0)
        {
            writer.WriteString("thinking", string.Concat(thoughts.Select(t => t.Text)));
        }

        WriteImages(images);
        if (calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls");
            foreach (var call in calls)
            {
                WriteCall(writer, call, _isOwn, index: null);
            }

            writer.WriteEndArray();
        }

        writer.WriteExtensions(message.Extensions, Dialect.Ollama);
        writer.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result, ChatMessage message, string field, List<Part> rest)
    {
        UnknownHints.Check(result, context.Dropped, Dialect.Ollama, field);
        if (result.IsError is true)
        {
            context.Dropped.Add("is_error");
        }

        var images = _isOwn ? result.Content.OfType<ImagePart>().ToList() : [];
        var media = _isOwn ? [] : result.Content.Where(p => p is not TextPart).ToList();
        if (media.Count > 0)
        {
            rest.Add(new TextPart($"Result of tool call {result.CallId}:"));
            rest.AddRange(media);
        }

        writer.WriteStartObject();
        writer.WriteString("role", "tool");
        writer.WriteString("content", Conversation.TextOf(result.Content) ?? (media.Count > 0 ? "The result is in the next user message." : ""));
        writer.WriteOptional("tool_name", result.Name ?? (_isOwn ? null : _toolNames.GetValueOrDefault(result.CallId)));
        WriteImages(images);
        if (_isOwn)
        {
            writer.WriteExtensions(message.Extensions, Dialect.Ollama);
        }
        else
        {
            writer.WriteString("tool_call_id", result.CallId);
        }

        writer.WriteEndObject();
    }

    private void WriteImages(List<ImagePart> images)
    {
        if (images.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("images");
        foreach (var image in images)
        {
            writer.WriteStringValue(image.Source.Base64!.Value.Span);
        }

        writer.WriteEndArray();
    }

    private ImagePart Checked(ImagePart image, string field)
    {
        if (image.Source.Base64 is null)
        {
            // "Base64-encoded image content": Ollama fetches nothing.
            throw new UnsupportedException($"{field} (image by {(image.Source.Url is null ? "id" : "URL")})");
        }

        // "auto" leaves it to the model, as Ollama does.
        if (image.Detail is not (null or "auto"))
        {
            context.Dropped.Add("detail");
        }

        return image;
    }

    private static string NameOf(Part part) => part switch
    {
        OpaquePart opaque => opaque.Type,
        ToolCallPart call => $"custom tool '{call.Name}'",
        _ => part.GetType().Name[..^4].ToLowerInvariant(),
    };
}
