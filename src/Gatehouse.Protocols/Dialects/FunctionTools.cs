using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects;

/// <summary>Tools as Cohere and Ollama take them: OpenAI's form, functions only.</summary>
internal static class FunctionTools
{
    /// <summary>The tools among which the model may choose: the same to the model as a list of those allowed.</summary>
    public static IReadOnlyList<ToolDefinition> Allowed(ChatRequest request) => request.ToolChoice?.Allowed(request.Tools, keepsNameless: true) ?? request.Tools;

    /// <exception cref="UnsupportedException">A tool is none that the caller runs, or takes no JSON.</exception>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<ToolDefinition> tools, DroppedParameters dropped, Dialect dialect)
    {
        if (tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools");
        for (var i = 0; i < tools.Count; i++)
        {
            Write(writer, tools[i], $"tools[{i}]", dropped, dialect);
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, ToolDefinition tool, string field, DroppedParameters dropped, Dialect dialect)
    {
        switch (tool)
        {
            case FunctionTool function:
                WriteFunction(writer, function, field, dropped, dialect);
                break;
            case OpaqueTool own when own.Dialect == dialect:
                writer.WriteElement(own.Value);
                break;
            default:
                throw new UnsupportedException(tool switch
                {
                    OpaqueTool opaque => $"{field} ({opaque.Type})",
                    CustomTool custom => $"{field} (custom tool '{custom.Name}')",
                    _ => field,
                });
        }
    }

    private static void WriteFunction(Utf8JsonWriter writer, FunctionTool function, string field, DroppedParameters dropped, Dialect dialect)
    {
        dropped.Add(function.Extensions, dialect, $"{field}.");
        if (function.CacheControl is not null)
        {
            dropped.Add("cache_control");
        }

        if (function.Response is not null)
        {
            dropped.Add($"{field}.response");
        }

        writer.WriteStartObject();
        writer.WriteString("type", "function");
        if (OpenAiChatMembers.Kept(function.Extensions, dialect, "function") is null)
        {
            writer.WriteStartObject("function");
            writer.WriteString("name", function.Name);
            writer.WriteOptional("description", function.Description);
            writer.WritePropertyName("parameters");
            if (function.Parameters is { } parameters)
            {
                writer.WriteElement(parameters);
            }
            else
            {
                // Both require a schema.
                writer.WriteStartObject();
                writer.WriteString("type", "object");
                writer.WriteStartObject("properties");
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteExtensions(function.Extensions, dialect);
        writer.WriteEndObject();
    }
}
