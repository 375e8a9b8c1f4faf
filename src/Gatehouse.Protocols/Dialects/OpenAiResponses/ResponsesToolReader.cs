using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Reads tools and the choice among them. Functions stand flat in this dialect.</summary>
internal static class ResponsesToolReader
{
    private static readonly FrozenSet<string> KnownFunction = FrozenSet.Create(
        StringComparer.Ordinal, "type", "name", "description", "parameters", "strict", "output_schema");

    private static readonly FrozenSet<string> KnownCustom = FrozenSet.Create(StringComparer.Ordinal, "type", "name", "description", "format");

    public static IReadOnlyList<ToolDefinition> ReadTools(JsonElement body)
    {
        if (body.Member("tools") is not { } list)
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new MalformedException("tools", "'tools' must be a list");
        }

        var tools = new List<ToolDefinition>();
        foreach (var tool in list.EnumerateArray())
        {
            tools.Add(ReadTool(tool, tools.Count));
        }

        return tools;
    }

    /// <remarks>
    /// <c>allowed_tools</c> with one function that must be called is the choice of that function. A choice of anything but functions and
    /// custom tools is kept as it is.
    /// </remarks>
    public static ToolChoice? ReadChoice(JsonElement body)
    {
        if (body.Member("tool_choice") is not { } choice)
        {
            return null;
        }

        if (choice.ValueKind == JsonValueKind.String)
        {
            return choice.TextOrFail("tool_choice") switch
            {
                "auto" => new ToolChoice(ToolChoiceMode.Auto),
                "none" => new ToolChoice(ToolChoiceMode.None),
                "required" => new ToolChoice(ToolChoiceMode.Required),
                var other => new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(Dialect.OpenAiResponses, other, choice) },
            };
        }

        if (choice.Text("type") is not { } type)
        {
            throw new MalformedException("tool_choice", "'tool_choice' must be \"auto\", \"none\", \"required\", or an object with a 'type'");
        }

        if (type is "function" or "custom" && choice.Text("name") is { } name)
        {
            return new ToolChoice(ToolChoiceMode.Required) { Names = [name] };
        }

        return type == "allowed_tools" && NamesOf(choice) is { } names && choice.Text("mode") is "auto" or "required"
            ? new ToolChoice(choice.Text("mode") == "auto" ? ToolChoiceMode.Auto : ToolChoiceMode.Required) { Names = names }
            : new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(Dialect.OpenAiResponses, type, choice) };
    }

    private static List<string>? NamesOf(JsonElement choice)
    {
        var names = new List<string>();
        foreach (var tool in choice.Items("tools"))
        {
            if (tool.Text("type") is not ("function" or "custom") || tool.Text("name") is not { } name)
            {
                return null;
            }

            names.Add(name);
        }

        return names.Count == 0 ? null : names;
    }

    private static ToolDefinition ReadTool(JsonElement tool, int index)
    {
        var place = $"tools[{index.ToString(CultureInfo.InvariantCulture)}]";
        return tool.Text("type") switch
        {
            "function" => new FunctionTool(NameOf(tool, place))
            {
                Description = tool.Text("description"),
                Parameters = tool.Object("parameters"),
                Response = tool.Object("output_schema"),
                Strict = tool.Flag("strict"),
                Extensions = tool.ExtensionsBeside(Dialect.OpenAiResponses, KnownFunction),
            },
            "custom" => new CustomTool(NameOf(tool, place), tool.Object("format"))
            {
                Description = tool.Text("description"),
                Extensions = tool.ExtensionsBeside(Dialect.OpenAiResponses, KnownCustom),
            },
            { } type => new OpaqueTool(Dialect.OpenAiResponses, type, tool),
            null => throw new MalformedException($"{place}.type", $"'{place}' must be an object with a 'type', as \"function\""),
        };
    }

    private static string NameOf(JsonElement tool, string place) => tool.Text("name") is { Length: > 0 } name
        ? name
        : throw new MalformedException($"{place}.name", $"'{place}.name' must be a string; functions stand flat: {{\"type\": \"function\", \"name\": ...}}");
}
