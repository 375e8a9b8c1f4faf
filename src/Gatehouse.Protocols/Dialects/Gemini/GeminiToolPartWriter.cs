using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes <c>functionCall</c> and <c>functionResponse</c>.</summary>
internal sealed class GeminiToolPartWriter(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
{
    private readonly Dictionary<string, string> _toolNames = Conversation.ToolNames(request.Messages);

    /// <summary>
    /// The Gemini API knows ids of calls; Vertex AI has refused them: <c>Unknown name "id" at 'contents[1].parts[0].function_call'</c>.
    /// Without them calls and results are joined by name and order.
    /// </summary>
    private readonly bool _hasIds = request.Dialect == Dialect.Gemini ? !context.Rules.Has("no_function_call_ids") : context.Rules.Has("function_call_ids");

    /// <summary>"Multimodal function responses" came with Gemini 3: images and files within a result. Before, they stand behind it.</summary>
    public bool HasResultMedia { get; } = request.Dialect == Dialect.Gemini || context.Rules.Has("function_response_media");

    public void WriteCall(ToolCallPart call, bool isFirst)
    {
        if (call.IsCustom)
        {
            throw new UnsupportedException($"a call of the custom tool '{call.Name}'");
        }

        writer.WriteStartObject("functionCall"u8);
        if (_hasIds && !call.HasMadeId)
        {
            writer.WriteString("id"u8, call.Id);
        }

        writer.WriteString("name"u8, call.Name);
        writer.WritePropertyName("args"u8);
        writer.WriteJsonObject(call.Arguments);
        GeminiContentWriter.WriteExtensions(writer, call.Extensions, "functionCall.");
        writer.WriteEndObject();
        // "Parallel function calls: only the first functionCall part contains a signature."
        var signature = GeminiSignatures.Own(call.Signature);
        GeminiSignatures.Write(writer, signature ?? (isFirst && context.Rules.Has("thought_signatures") ? GeminiSignatures.None : null));
    }

    /// <param name="result">What the tool returned.</param>
    /// <param name="writeMedium">Writes an image or a file within a part.</param>
    public void WriteResult(ToolResultPart result, Action<Part> writeMedium)
    {
        writer.WriteStartObject("functionResponse"u8);
        if (_hasIds && !result.HasMadeId)
        {
            writer.WriteString("id"u8, result.CallId);
        }

        writer.WriteString("name"u8, NameOf(result));
        writer.WritePropertyName("response"u8);
        WriteResponse(result);
        if (HasResultMedia && result.Content.Any(p => p is not (TextPart or RefusalPart)))
        {
            writer.WriteStartArray("parts"u8);
            foreach (var part in result.Content.Where(p => p is not (TextPart or RefusalPart)))
            {
                writer.WriteStartObject();
                writeMedium(part);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        GeminiContentWriter.WriteExtensions(writer, result.Extensions, "functionResponse.");
        writer.WriteEndObject();
    }

    public string NameOf(ToolResultPart result) => result.Name ?? _toolNames.GetValueOrDefault(result.CallId)
        ?? throw new MalformedException("messages", $"there is a result for the tool call '{result.CallId}', but no such call before it");

    /// <summary>An object: the result itself if it is one, else "use 'output' key ... and 'error' key"; Google's SDKs write 'result'.</summary>
    private void WriteResponse(ToolResultPart result)
    {
        if (result.Json is { } json)
        {
            writer.WriteElement(json);
            return;
        }

        var text = Conversation.TextOf(result.Content) ?? "";
        if (result.IsError != true && GeminiObjects.TryParse(text) is { } document)
        {
            using (document)
            {
                writer.WriteElement(document.RootElement);
            }

            return;
        }

        writer.WriteStartObject();
        if (text.Length > 0 || result.Content.Count == 0)
        {
            writer.WriteString(result.IsError == true ? "error"u8 : "result"u8, text);
        }

        writer.WriteEndObject();
    }
}
