using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes tools and the choice among them: of a request, and of its echo in an answer.</summary>
internal static class ResponsesToolWriter
{
    /// <exception cref="UnsupportedException">A tool of another provider's own.</exception>
    public static void WriteTools(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools"u8);
        for (var i = 0; i < request.Tools.Count; i++)
        {
            var tool = request.Tools[i];
            var place = $"tools[{i.ToString(CultureInfo.InvariantCulture)}]";
            if (tool is OpaqueTool opaque && opaque.Dialect != Dialect.OpenAiResponses)
            {
                throw new UnsupportedException($"{place} ({opaque.Type})");
            }

            if (tool.CacheControl is not null)
            {
                context.Dropped.Add("cache_control");
            }

            context.Dropped.Add(tool.Extensions, Dialect.OpenAiResponses, $"{place}.");
            WriteTool(writer, tool, request.Dialect);
        }

        writer.WriteEndArray();
    }

    public static void WriteTool(Utf8JsonWriter writer, ToolDefinition tool, Dialect dialect)
    {
        switch (tool)
        {
            case OpaqueTool opaque:
                writer.WriteElement(opaque.Value);
                return;
            case FunctionTool function:
                WriteFunction(writer, function, dialect == Dialect.OpenAiResponses);
                break;
            case CustomTool custom:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "custom"u8);
                writer.WriteString("name"u8, custom.Name);
                writer.WriteOptional("description", custom.Description);
                writer.WriteOptional("format", custom.Format);
                break;
        }

        writer.WriteExtensions(tool.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    public static void WriteChoice(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.ToolChoice is not { } choice)
        {
            return;
        }

        if (choice.Opaque is { } opaque)
        {
            if (opaque.Dialect != Dialect.OpenAiResponses)
            {
                throw new UnsupportedException($"tool_choice ({opaque.Type})");
            }

            writer.WritePropertyName("tool_choice"u8);
            writer.WriteElement(opaque.Value);
            return;
        }

        switch (choice)
        {
            case { Mode: ToolChoiceMode.None }:
                writer.WriteString("tool_choice"u8, "none"u8);
                break;
            case { Names: [var name], Mode: ToolChoiceMode.Required }:
                writer.WriteStartObject("tool_choice"u8);
                WriteNamed(writer, name, CustomTool.NamesOf(request.Tools));
                writer.WriteEndObject();
                break;
            case { Names.Count: > 0 }:
                WriteAllowed(writer, choice, request);
                break;
            default:
                writer.WriteString("tool_choice"u8, choice.Mode == ToolChoiceMode.Required ? "required"u8 : "auto"u8);
                break;
        }
    }

    private static void WriteAllowed(Utf8JsonWriter writer, ToolChoice choice, ChatRequest request)
    {
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, "allowed_tools"u8);
        writer.WriteString("mode"u8, choice.Mode == ToolChoiceMode.Required ? "required"u8 : "auto"u8);
        writer.WriteStartArray("tools"u8);
        var custom = CustomTool.NamesOf(request.Tools);
        foreach (var name in choice.Names)
        {
            writer.WriteStartObject();
            WriteNamed(writer, name, custom);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteNamed(Utf8JsonWriter writer, string name, HashSet<string> custom)
    {
        writer.WriteString("type"u8, custom.Contains(name) ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, name);
    }

    private static void WriteFunction(Utf8JsonWriter writer, FunctionTool function, bool isOwn)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function"u8);
        writer.WriteString("name"u8, function.Name);
        writer.WriteOptional("description", function.Description);
        if (function.Parameters is { } parameters)
        {
            writer.WritePropertyName("parameters"u8);
            if (isOwn)
            {
                writer.WriteElement(parameters);
            }
            else
            {
                ObjectSchema.Write(writer, parameters);
            }
        }
        else if (!isOwn)
        {
            writer.WriteStartObject("parameters"u8);
            writer.WriteString("type"u8, "object"u8);
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        // "Whether strict parameter validation is enforced for this function tool", by default; in no other dialect is it.
        writer.WriteOptional("strict", function.Strict ?? (isOwn ? null : false));
        writer.WriteOptional("output_schema", function.Response);
    }
}
