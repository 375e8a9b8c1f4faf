using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Reads and writes <c>tools</c> and <c>tool_choice</c>, and <c>functions</c> and <c>function_call</c>, their older form.</summary>
internal static class OpenAiChatTools
{
    private static readonly FrozenDictionary<string, MemberTypes> ToolMembers = OpenAiChatMembers.Table(
        ("type", MemberTypes.Text), ("function", MemberTypes.Object), ("custom", MemberTypes.Object), ("cache_control", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> FunctionMembers = OpenAiChatMembers.Table(
        ("name", MemberTypes.Text), ("description", MemberTypes.Text), ("parameters", MemberTypes.Object), ("strict", MemberTypes.Flag));

    public static List<ToolDefinition> Read(JsonElement body, Dialect dialect)
    {
        var tools = new List<ToolDefinition>();
        foreach (var tool in body.Items("tools"))
        {
            tools.Add(ReadTool(tool, $"tools[{tools.Count}]", dialect));
        }

        foreach (var function in body.Items("functions"))
        {
            tools.Add(ReadFunction(function, $"functions[{tools.Count}]"));
        }

        return tools;
    }

    public static ToolChoice? ReadChoice(JsonElement body, Dialect dialect)
    {
        if (body.Object("function_call") is { } legacy && legacy.Text("name") is { } function)
        {
            return new ToolChoice(ToolChoiceMode.Required) { Names = [function] };
        }

        return (body.Member("tool_choice") ?? body.Member("function_call")) switch
        {
            { ValueKind: JsonValueKind.String } word => ModeOf(word.TextOrFail("tool_choice")) is { } mode
                ? new ToolChoice(mode)
                : new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(dialect, word.TextOrFail("tool_choice"), word) },
            { ValueKind: JsonValueKind.Object } choice => ReadChoiceObject(choice, dialect),
            _ => null,
        };
    }

    public static void Write(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        var tools = request.Tools;
        var choice = request.ToolChoice;
        if (choice is { Names.Count: > 1 } or { Names.Count: 1, Mode: not ToolChoiceMode.Required } && (dialect == Dialect.Mistral || context.Rules.Has("no_allowed_tools")))
        {
            tools = choice.Allowed(tools, keepsNameless: false);
            choice = choice with { Names = [] };
        }

        var isLegacy = request.UsesLegacyFunctions && request.Dialect == dialect;
        if (tools.Count > 0)
        {
            writer.WriteStartArray(isLegacy ? "functions" : "tools");
            for (var i = 0; i < tools.Count; i++)
            {
                WriteTool(writer, tools[i], $"tools[{i}]", request, context, dialect, isLegacy);
            }

            writer.WriteEndArray();
        }

        if (choice is not null)
        {
            WriteChoice(writer, choice, tools, request, dialect, isLegacy);
        }
    }

    private static ToolDefinition ReadTool(JsonElement tool, string field, Dialect dialect)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object with 'type' and 'function'");
        }

        var more = Extensions.Of(dialect, OpenAiChatMembers.Beside(tool, ToolMembers));
        var type = tool.Text("type") ?? "function";
        if (type == "function")
        {
            var function = tool.Object("function") ?? throw new MalformedException($"{field}.function", $"'{field}.function' is missing: expected an object with 'name' and 'parameters'");
            var read = ReadFunction(function, $"{field}.function") with { CacheControl = OpenAiChatContentReader.CacheControl(tool, dialect), Extensions = more };
            // Unknown members within the function have no place of their own: the whole is kept beside what was read.
            return OpenAiChatMembers.Beside(function, FunctionMembers) is null
                ? read
                : read with { Extensions = new Extensions(dialect, [.. more?.Members ?? [], new Extension("function", function)]) };
        }

        return type == "custom" && tool.Object("custom") is { } custom && custom.Text("name") is { } name
            ? new CustomTool(name, custom.Member("format")) { Description = custom.Text("description"), Extensions = more }
            : new OpaqueTool(dialect, type, tool);
    }

    private static FunctionTool ReadFunction(JsonElement function, string field)
    {
        var name = function.Text("name") ?? throw new MalformedException($"{field}.name", $"'{field}.name' is missing: expected the name of the tool");
        return new FunctionTool(name) { Description = function.Text("description"), Parameters = function.Object("parameters"), Strict = function.Flag("strict") };
    }

    private static ToolChoice? ReadChoiceObject(JsonElement choice, Dialect dialect)
    {
        if ((choice.Object("function") ?? choice.Object("custom"))?.Text("name") is { } name)
        {
            return new ToolChoice(ToolChoiceMode.Required) { Names = [name] };
        }

        if (choice.Object("allowed_tools") is { } allowed)
        {
            List<string> names = [];
            foreach (var tool in allowed.Items("tools"))
            {
                if ((tool.Object("function") ?? tool.Object("custom"))?.Text("name") is { } allowedName)
                {
                    names.Add(allowedName);
                }
            }

            return new ToolChoice(allowed.Text("mode") == "required" ? ToolChoiceMode.Required : ToolChoiceMode.Auto) { Names = names };
        }

        return choice.Text("type") is { } type ? new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(dialect, type, choice) } : null;
    }

    private static ToolChoiceMode? ModeOf(string word) => word switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" or "any" => ToolChoiceMode.Required,
        "validated" => ToolChoiceMode.Validated,
        _ => null,
    };

    private static void WriteTool(
        Utf8JsonWriter writer, ToolDefinition tool, string field, ChatRequest request, RequestContext context, Dialect dialect, bool isLegacy)
    {
        context.Dropped.Add(tool.Extensions, dialect, $"{field}.");
        switch (tool)
        {
            case FunctionTool function when isLegacy:
                WriteFunction(writer, function, context, isOwn: true);
                break;
            case FunctionTool function:
                if (function.Response is not null)
                {
                    context.Dropped.Add($"{field}.response");
                }

                writer.WriteStartObject();
                writer.WriteString("type", "function");
                if (OpenAiChatMembers.Kept(function.Extensions, dialect, "function") is null)
                {
                    writer.WritePropertyName("function");
                    WriteFunction(writer, function, context, request.Dialect == dialect);
                }

                OpenAiChatContentWriter.WriteCacheControl(writer, function.CacheControl, request, context, dialect);
                writer.WriteExtensions(function.Extensions, dialect);
                writer.WriteEndObject();
                break;
            case CustomTool custom when dialect == Dialect.OpenAiChat:
                WriteCustom(writer, custom, dialect);
                break;
            case CustomTool custom:
                throw new UnsupportedException($"{field} (custom tool '{custom.Name}')");
            case OpaqueTool opaque when opaque.Dialect == dialect:
                writer.WriteElement(opaque.Value);
                break;
            default:
                throw new UnsupportedException(tool is OpaqueTool foreign ? $"{field} ({foreign.Type})" : field);
        }
    }

    private static void WriteFunction(Utf8JsonWriter writer, FunctionTool function, RequestContext context, bool isOwn)
    {
        writer.WriteStartObject();
        writer.WriteString("name", function.Name);
        writer.WriteOptional("description", function.Description);
        if (!isOwn && function.Parameters is { } schema)
        {
            writer.WritePropertyName("parameters");
            ObjectSchema.Write(writer, schema);
        }
        else
        {
            writer.WriteOptional("parameters", function.Parameters);
        }

        if (function.Strict is { } strict)
        {
            if (context.Rules.Drop.Contains("strict", StringComparer.Ordinal))
            {
                context.Dropped.Add("strict");
            }
            else
            {
                writer.WriteBoolean("strict", strict);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteCustom(Utf8JsonWriter writer, CustomTool custom, Dialect dialect)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "custom");
        writer.WriteStartObject("custom");
        writer.WriteString("name", custom.Name);
        writer.WriteOptional("description", custom.Description);
        if (custom.Format is { } format && format.Text("syntax") is not null)
        {
            // The Responses API has the grammar's members beside its type, this one within "grammar".
            writer.WriteStartObject("format");
            writer.WriteString("type", "grammar");
            writer.WriteStartObject("grammar");
            writer.WriteOptional("syntax", format.Text("syntax"));
            writer.WriteOptional("definition", format.Text("definition"));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteOptional("format", custom.Format);
        }

        writer.WriteEndObject();
        writer.WriteExtensions(custom.Extensions, dialect);
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice, IReadOnlyList<ToolDefinition> tools, ChatRequest request, Dialect dialect, bool isLegacy)
    {
        var name = isLegacy ? "function_call" : "tool_choice";
        if (choice.Opaque is { } opaque)
        {
            if (opaque.Dialect != dialect)
            {
                throw new UnsupportedException($"tool_choice ({opaque.Type})");
            }

            writer.WritePropertyName(name);
            writer.WriteElement(opaque.Value);
            return;
        }

        // Without tools there is nothing to choose, and OpenAI refuses the choice.
        if (choice.Names.Count == 0)
        {
            if (tools.Count > 0 || request.Dialect == dialect)
            {
                writer.WriteString(name, WordOf(choice.Mode, dialect));
            }
        }
        else if (choice is { Names: [var only], Mode: ToolChoiceMode.Required })
        {
            WriteNamed(writer, name, only, tools, isLegacy);
        }
        else
        {
            WriteAllowed(writer, choice, tools);
        }
    }

    private static void WriteNamed(Utf8JsonWriter writer, string member, string tool, IReadOnlyList<ToolDefinition> tools, bool isLegacy)
    {
        writer.WriteStartObject(member);
        if (isLegacy)
        {
            writer.WriteString("name", tool);
        }
        else
        {
            WriteReference(writer, tool, CustomTool.NamesOf(tools));
        }

        writer.WriteEndObject();
    }

    private static void WriteAllowed(Utf8JsonWriter writer, ToolChoice choice, IReadOnlyList<ToolDefinition> tools)
    {
        writer.WriteStartObject("tool_choice");
        writer.WriteString("type", "allowed_tools");
        writer.WriteStartObject("allowed_tools");
        writer.WriteString("mode", choice.Mode == ToolChoiceMode.Required ? "required" : "auto");
        writer.WriteStartArray("tools");
        var custom = CustomTool.NamesOf(tools);
        foreach (var name in choice.Names)
        {
            writer.WriteStartObject();
            WriteReference(writer, name, custom);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter writer, string name, HashSet<string> custom)
    {
        var type = custom.Contains(name) ? "custom" : "function";
        writer.WriteString("type", type);
        writer.WriteStartObject(type);
        writer.WriteString("name", name);
        writer.WriteEndObject();
    }

    private static string WordOf(ToolChoiceMode mode, Dialect dialect) => mode switch
    {
        ToolChoiceMode.None => "none",
        ToolChoiceMode.Required => dialect == Dialect.Mistral ? "any" : "required",
        _ => "auto",
    };
}
