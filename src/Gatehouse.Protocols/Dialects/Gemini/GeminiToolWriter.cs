using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Writes <c>tools</c> and <c>toolConfig</c>. <c>parametersJsonSchema</c> takes more than <c>parameters</c>, but only newer models and versions
/// of the API know it: the caller wrote it, or a rule says so; otherwise the schema is reduced.
/// </summary>
internal static class GeminiToolWriter
{
    public static void WriteTools(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        NameLosses(request, context);
        writer.WriteStartArray("tools"u8);
        var hasFunctions = false;
        foreach (var tool in request.Tools)
        {
            if (tool is OpaqueTool opaque)
            {
                writer.WriteStartObject();
                writer.WritePropertyName(opaque.Type);
                writer.WriteElement(opaque.Value);
                writer.WriteEndObject();
            }
            else if (!hasFunctions)
            {
                // "Multiple tools are supported only when they are all search tools" (Vertex AI): all functions are of one.
                hasFunctions = true;
                WriteFunctions(request, context, writer);
            }
        }

        writer.WriteEndArray();
    }

    public static void WriteChoice(ChatRequest request, Utf8JsonWriter writer)
    {
        var others = request.Extensions is { Dialect: Dialect.Gemini } extensions
            && extensions.Members.Any(m => m.Name.StartsWith("toolConfig.", StringComparison.Ordinal));
        // A choice without functions means nothing; Vertex AI refuses it.
        var choice = request.Dialect == Dialect.Gemini || request.Tools.Any(t => t is FunctionTool) ? request.ToolChoice : null;
        if (choice is null && !others)
        {
            return;
        }

        writer.WriteStartObject("toolConfig"u8);
        if (choice is not null)
        {
            WriteFunctionCalling(choice, writer);
        }

        GeminiContentWriter.WriteExtensions(writer, request.Extensions, "toolConfig.");
        writer.WriteEndObject();
    }

    private static void NameLosses(ChatRequest request, RequestContext context)
    {
        for (var i = 0; i < request.Tools.Count; i++)
        {
            var tool = request.Tools[i];
            switch (tool)
            {
                case OpaqueTool { Dialect: not Dialect.Gemini } opaque:
                    throw new UnsupportedException(string.Create(CultureInfo.InvariantCulture, $"tools[{i}] ({opaque.Type})"));
                case CustomTool custom:
                    throw new UnsupportedException(string.Create(CultureInfo.InvariantCulture, $"tools[{i}] (custom tool '{custom.Name}')"));
                case FunctionTool { Strict: true }:
                    context.Dropped.Add("strict");
                    break;
            }

            if (tool.CacheControl is not null)
            {
                context.Dropped.Add("cache_control");
            }

            context.Dropped.Add(tool.Extensions, Dialect.Gemini, string.Create(CultureInfo.InvariantCulture, $"tools[{i}]."));
        }
    }

    private static void WriteFunctions(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("functionDeclarations"u8);
        for (var i = 0; i < request.Tools.Count; i++)
        {
            if (request.Tools[i] is FunctionTool function)
            {
                WriteFunction(function, string.Create(CultureInfo.InvariantCulture, $"tools[{i}]"), request, context, writer);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteFunction(FunctionTool function, string field, ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, function.Name);
        writer.WriteOptional("description", function.Description);
        if (function.OpenApiParameters is { } openApi)
        {
            writer.WriteOptional("parameters", openApi);
        }
        else if (function.Parameters is { } schema)
        {
            if (request.Dialect == Dialect.Gemini || context.Rules.Has("parameters_json_schema"))
            {
                writer.WriteOptional("parametersJsonSchema", schema);
            }
            else if (HasContent(schema))
            {
                writer.WritePropertyName("parameters"u8);
                new GeminiSchemaReducer(schema, field + ".parameters", mustBeObject: true, context.Dropped).Write(writer);
            }
        }

        writer.WriteExtensions(function.Extensions, Dialect.Gemini);
        writer.WriteEndObject();
    }

    /// <summary>"should be non-empty for OBJECT type": a function without parameters has none to declare.</summary>
    private static bool HasContent(JsonElement schema) =>
        schema.Member("$ref") is not null || schema.Member("allOf") is not null || schema.Member("anyOf") is not null || schema.Member("oneOf") is not null
        || (schema.Object("properties") is { } properties && properties.EnumerateObject().Any());

    private static void WriteFunctionCalling(ToolChoice choice, Utf8JsonWriter writer)
    {
        if (choice.Opaque is { Dialect: not Dialect.Gemini } opaque)
        {
            throw new UnsupportedException($"tool_choice ({opaque.Type})");
        }

        writer.WriteStartObject("functionCallingConfig"u8);
        if (choice.Extensions is not { Dialect: Dialect.Gemini } extensions || !extensions.Members.Any(m => m.Name == "mode"))
        {
            writer.WriteString("mode"u8, choice.Mode switch
            {
                ToolChoiceMode.None => "NONE"u8,
                ToolChoiceMode.Required => "ANY"u8,
                // "This should only be set when the Mode is ANY or VALIDATED."
                ToolChoiceMode.Auto when choice.Names.Count > 0 => "VALIDATED"u8,
                ToolChoiceMode.Validated => "VALIDATED"u8,
                _ => "AUTO"u8,
            });
        }

        writer.WriteOptional("allowedFunctionNames", choice.Names.Count > 0 ? choice.Names : null);
        writer.WriteExtensions(choice.Extensions, Dialect.Gemini);
        writer.WriteEndObject();
    }
}
