using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Writes <c>toolConfig</c>.</summary>
internal static class BedrockToolWriter
{

    /// <summary>"[a-zA-Z0-9_-]+", 1 to 64 (ToolName).</summary>
    public static void Write(Utf8JsonWriter writer, BedrockToolPlan plan, ChatRequest request, RequestContext context, BedrockModelFamily family)
    {
        if (plan.Tools.Count == 0)
        {
            return;
        }

        var isOwn = request.Dialect == Dialect.Bedrock;
        writer.WriteStartObject("toolConfig"u8);
        writer.WriteStartArray("tools"u8);
        foreach (var tool in plan.Tools)
        {
            WriteTool(writer, tool, isOwn);
            if (tool.CacheControl is { } cache)
            {
                // "Nova: system, messages" are the fields that take cache points; Claude's are these and the tools.
                if (isOwn || family is BedrockModelFamily.Claude or BedrockModelFamily.Unknown)
                {
                    BedrockCachePoint.Write(writer, cache, isOwn);
                }
                else
                {
                    context.Dropped.Add("cache_control");
                }
            }
        }

        writer.WriteEndArray();
        if (plan.Choice is { } choice)
        {
            WriteChoice(writer, choice);
        }

        BedrockRequestWriter.WriteInner(writer, request.Extensions, BedrockToolReader.ConfigPrefix);
        writer.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter writer, ToolDefinition tool, bool isOwn)
    {
        if (tool is not FunctionTool function)
        {
            writer.WriteElement(((OpaqueTool)tool).Value);
            return;
        }

        writer.WriteStartObject();
        writer.WriteStartObject("toolSpec"u8);
        writer.WriteString("name"u8, function.Name);
        // "NonEmptyString"
        writer.WriteOptional("description", string.IsNullOrWhiteSpace(function.Description) ? null : function.Description);
        writer.WriteStartObject("inputSchema"u8);
        writer.WritePropertyName("json"u8);
        if (function.Parameters is { } parameters)
        {
            writer.WriteElement(parameters);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        // False is what a model does that is not told; older models refuse the member.
        writer.WriteOptional("strict", isOwn || function.Strict is true ? function.Strict : null);
        writer.WriteExtensions(function.Extensions, Dialect.Bedrock);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice)
    {
        writer.WritePropertyName("toolChoice"u8);
        if (choice.Opaque is { } opaque)
        {
            writer.WriteElement(opaque.Value);
            return;
        }

        writer.WriteStartObject();
        if (choice is { Mode: ToolChoiceMode.Required, Names: [var name] })
        {
            writer.WriteStartObject("tool"u8);
            writer.WriteString("name"u8, name);
        }
        else
        {
            writer.WriteStartObject(choice.Mode == ToolChoiceMode.Required ? "any"u8 : "auto"u8);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
