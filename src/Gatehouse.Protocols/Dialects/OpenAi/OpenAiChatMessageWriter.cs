using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Writes the messages of one request.</summary>
/// <param name="writer">In the request's object.</param>
/// <param name="request">What to write.</param>
/// <param name="context">The target.</param>
/// <param name="dialect">The writer's: OpenAI's or Mistral's.</param>
internal sealed class OpenAiChatMessageWriter(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
{
    /// <summary>OpenAI's limit; Mistral's is nine letters and digits exactly.</summary>
    private const int MaxIdLength = 40;

    private readonly bool _isOwn = request.Dialect == dialect;

    public void WriteAll()
    {
        writer.WriteStartArray("messages");
        for (var i = 0; i < request.Messages.Count; i++)
        {
            var message = request.Messages[i];
            context.Dropped.Add(message.Extensions, dialect, $"messages[{i}].");
            switch (message.Role)
            {
                case Role.User:
                    WriteUser(message, $"messages[{i}]");
                    break;
                case Role.Assistant:
                    WriteAssistant(message, $"messages[{i}]", isLast: i == request.Messages.Count - 1);
                    break;
                default:
                    WriteTurn(message, message.Parts, SystemRole(message.Role), $"messages[{i}]");
                    break;
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>Only OpenAI knows <c>developer</c>, which it takes <c>system</c> for.</summary>
    private string SystemRole(Role role) => role == Role.Developer && _isOwn && dialect == Dialect.OpenAiChat ? context.Rules.NameOf("developer") : "system";

    private void WriteUser(ChatMessage message, string field)
    {
        var results = message.Parts.OfType<ToolResultPart>().ToList();
        if (results.Count == 0)
        {
            WriteTurn(message, message.Parts, "user", field);
            return;
        }

        List<Part> rest = [];
        for (var i = 0; i < results.Count; i++)
        {
            WriteResult(results[i], message, $"{field}.content[{i}]", rest);
        }

        rest.AddRange(message.Parts.Where(p => p is not ToolResultPart));
        if (rest.Count > 0)
        {
            WriteTurn(message with { Extensions = null, IsPlainText = false }, rest, "user", field);
        }
    }

    private void WriteTurn(ChatMessage message, IReadOnlyList<Part> parts, string role, string field)
    {
        writer.WriteStartObject();
        writer.WriteString("role", role);
        WriteContent(message, parts, field);
        if (dialect == Dialect.OpenAiChat)
        {
            writer.WriteOptional("name", message.Name);
        }
        else if (message.Name is not null)
        {
            context.Dropped.Add("name");
        }

        WriteEnd(message);
    }

    private void WriteEnd(ChatMessage message)
    {
        OpenAiChatContentWriter.WriteCacheControl(writer, message.CacheControl, request, context, dialect);
        writer.WriteExtensions(message.Extensions, dialect);
        writer.WriteEndObject();
    }

    private void WriteContent(ChatMessage message, IReadOnlyList<Part> parts, string field)
    {
        if (IsText(parts) && (message.IsPlainText || !_isOwn))
        {
            // A list of texts is joined: most followers of the format take nothing but a string.
            foreach (var part in parts)
            {
                context.Dropped.Add(part.Extensions, dialect, $"{field}.");
                if (part.CacheControl is not null)
                {
                    if (context.Rules.Has("cache_control"))
                    {
                        OpenAiChatContentWriter.WriteParts(writer, parts, $"{field}.content", request, context, dialect);
                        return;
                    }

                    context.Dropped.Add("cache_control");
                }
            }

            writer.WriteString("content", string.Join("\n\n", parts.OfType<TextPart>().Select(p => p.Text)));
            return;
        }

        if (parts.Count == 0 && !message.IsPlainText)
        {
            writer.WriteNull("content");
            return;
        }

        OpenAiChatContentWriter.WriteParts(writer, parts, $"{field}.content", request, context, dialect);
    }

    private void WriteResult(ToolResultPart result, ChatMessage message, string field, List<Part> rest)
    {
        if (result.IsError == true)
        {
            context.Dropped.Add("is_error");
        }

        context.Dropped.Add(result.Extensions, dialect, $"{field}.");
        writer.WriteStartObject();
        if (request.UsesLegacyFunctions && _isOwn)
        {
            writer.WriteString("role", "function");
        }
        else
        {
            writer.WriteString("role", "tool");
            writer.WriteString("tool_call_id", IdOf(result.CallId));
        }

        if (_isOwn || dialect == Dialect.Mistral)
        {
            writer.WriteOptional("name", result.Name);
        }

        WriteResultContent(result, field, rest);
        OpenAiChatContentWriter.WriteCacheControl(writer, result.CacheControl, request, context, dialect);
        if (_isOwn)
        {
            writer.WriteExtensions(message.Extensions, dialect);
        }

        writer.WriteEndObject();
    }

    private void WriteResultContent(ToolResultPart result, string field, List<Part> rest)
    {
        if (_isOwn && !result.IsPlainText && result.Content.Count > 0)
        {
            OpenAiChatContentWriter.WriteParts(writer, result.Content, $"{field}.content", request, context, dialect);
            return;
        }

        var media = result.Content.Where(p => p is not TextPart).ToList();
        if (media.Count > 0)
        {
            // A tool's message takes text only; what else it returned follows as the user's.
            rest.Add(new TextPart($"Result of tool call {IdOf(result.CallId)}:"));
            rest.AddRange(media);
        }

        writer.WriteString("content", Conversation.TextOf(result.Content) ?? (media.Count > 0 ? "The result is in the next user message." : ""));
    }

    private void WriteAssistant(ChatMessage message, string field, bool isLast)
    {
        List<Part> content = [];
        List<ToolCallPart> calls = [];
        List<ReasoningPart> reasoning = [];
        List<Part> beside = [];
        foreach (var part in message.Parts)
        {
            switch (part)
            {
                case ToolCallPart call:
                    calls.Add(call);
                    break;
                case ReasoningPart thought when dialect == Dialect.Mistral && _isOwn:
                    content.Add(thought);
                    break;
                case ReasoningPart thought:
                    reasoning.Add(thought);
                    break;
                case RefusalPart or ImagePart or AudioPart when _isOwn || part is RefusalPart:
                    beside.Add(part);
                    break;
                case AudioPart { Transcript: { Length: > 0 } transcript }:
                    // Only OpenAI takes back a sound that it made, by its id.
                    content.Add(new TextPart(transcript));
                    break;
                case TextPart or OpaquePart:
                    content.Add(part);
                    break;
                default:
                    throw new UnsupportedException($"{field} ({part.GetType().Name[..^4].ToLowerInvariant()} in an assistant's message)");
            }
        }

        if (dialect == Dialect.Mistral)
        {
            content.AddRange(beside.OfType<RefusalPart>().Select(r => new TextPart(r.Text)));
            beside = [];
        }

        writer.WriteStartObject();
        writer.WriteString("role", "assistant");
        WriteReasoning(reasoning);
        if (content.Count == 0 && (!message.IsPlainText || !_isOwn))
        {
            writer.WriteNull("content");
        }
        else
        {
            WriteContent(message, content, field);
        }

        WriteBeside(beside, content, field);
        WriteCalls(calls, field);
        if (dialect == Dialect.OpenAiChat)
        {
            writer.WriteOptional("name", message.Name);
        }

        if (dialect == Dialect.Mistral && isLast && !_isOwn && calls.Count == 0)
        {
            // Mistral refuses a conversation that ends with an answer, unless it is to be gone on with.
            writer.WriteBoolean("prefix", true);
        }

        WriteEnd(message);
    }

    private void WriteReasoning(List<ReasoningPart> reasoning)
    {
        if (reasoning.Count == 0)
        {
            return;
        }

        if (_isOwn || context.Rules.Has(OpenAiChatReasoning.Details))
        {
            OpenAiChatReasoning.Write(writer, reasoning, dialect);
        }
        else if (dialect == Dialect.OpenAiChat && context.Rules.Has("reasoning_content"))
        {
            // DeepSeek and Kimi: "the reasoning_content in the thinking mode must be passed back to the API".
            writer.WriteString("reasoning_content", string.Concat(reasoning.Select(r => r.Text)));
            if (reasoning.Exists(r => r.Text.Length == 0))
            {
                context.Dropped.Add("reasoning");
            }
        }
        else
        {
            context.Dropped.Add("reasoning");
        }
    }

    private void WriteBeside(List<Part> beside, List<Part> content, string field)
    {
        if (beside.OfType<RefusalPart>().ToList() is { Count: > 0 } refusals)
        {
            writer.WriteString("refusal", string.Concat(refusals.Select(r => r.Text)));
        }

        if (beside.OfType<AudioPart>().FirstOrDefault() is { } audio)
        {
            OpenAiChatResponseWriter.WriteAudio(writer, audio);
        }

        if (beside.OfType<ImagePart>().ToList() is { Count: > 0 } images)
        {
            writer.WriteStartArray("images");
            foreach (var image in images)
            {
                writer.WriteStartObject();
                OpenAiChatContentWriter.WriteImage(writer, image, field, request, dialect);
                writer.WriteExtensions(image.Extensions, dialect);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (_isOwn || context.Rules.Has(OpenAiChatToolCalls.ExtraContent))
        {
            OpenAiChatToolCalls.WriteExtraSignature(writer, content.OfType<TextPart>().LastOrDefault(t => t.Signature is not null)?.Signature);
        }
    }

    private void WriteCalls(List<ToolCallPart> calls, string field)
    {
        if (calls.Count == 0)
        {
            return;
        }

        if (request.UsesLegacyFunctions && _isOwn && calls is [{ IsCustom: false } only])
        {
            OpenAiChatToolCalls.WriteLegacy(writer, only);
            return;
        }

        writer.WriteStartArray("tool_calls");
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            if (call.IsCustom && dialect == Dialect.Mistral)
            {
                throw new UnsupportedException($"{field}.tool_calls[{i}] (custom tool '{call.Name}')");
            }

            context.Dropped.Add(call.Extensions, dialect, $"{field}.tool_calls[{i}].");
            // Others than those who sign refuse, or ignore, a signature.
            var isSignatureTold = _isOwn || context.Rules.Has(OpenAiChatToolCalls.ExtraContent);
            OpenAiChatToolCalls.Write(writer, isSignatureTold ? call : call with { Signature = null }, IdOf(call.Id), dialect);
            OpenAiChatContentWriter.WriteCacheControl(writer, call.CacheControl, request, context, dialect);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private string IdOf(string id) => _isOwn ? id
        : dialect == Dialect.Mistral ? ToolCallId.Fit(id, 9, exactLength: true, lettersAndDigitsOnly: true)
        : ToolCallId.Fit(id, MaxIdLength);

    private static bool IsText(IReadOnlyList<Part> parts)
    {
        foreach (var part in parts)
        {
            if (part is not TextPart)
            {
                return false;
            }
        }

        return true;
    }
}
