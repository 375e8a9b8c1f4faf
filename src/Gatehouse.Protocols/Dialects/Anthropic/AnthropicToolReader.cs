using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>. Tools that Anthropic defines, or runs itself, are kept as they are.</summary>
internal static class AnthropicToolReader
{
    private static readonly FrozenSet<string> ToolMembers = ["type", "name", "description", "input_schema", "strict", "cache_control"];
    private static readonly FrozenSet<string> ChoiceMembers = ["type", "name", "disable_parallel_tool_use"];

    public static List<ToolDefinition> ReadTools(JsonElement body)
    {
        var tools = new List<ToolDefinition>();
        foreach (var tool in body.Items("tools"))
        {
            tools.Add(ReadTool(tool, new BlockPlace("tools", tools.Count)));
        }

        return tools;
    }

    /// <returns>The choice, and whether more than one call is allowed.</returns>
    public static (ToolChoice? Choice, bool? Parallel) ReadChoice(JsonElement body)
    {
        if (body.Object("tool_choice") is not { } choice)
        {
            return (null, null);
        }

        var type = choice.Text("type") ?? throw new MalformedException("tool_choice.type", "'tool_choice.type' is missing");
        var read = type switch
        {
            "auto" => new ToolChoice(ToolChoiceMode.Auto),
            "any" => new ToolChoice(ToolChoiceMode.Required),
            "none" => new ToolChoice(ToolChoiceMode.None),
            "tool" => new ToolChoice(ToolChoiceMode.Required)
            {
                Names = [choice.Text("name") ?? throw new MalformedException("tool_choice.name", "'tool_choice.name' is missing: the name of a tool is expected")],
            },
            _ => new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(Dialect.Anthropic, type, choice) },
        };
        return (
            read.Opaque is null ? read with { Extensions = choice.ExtensionsBeside(Dialect.Anthropic, ChoiceMembers) } : read,
            !choice.Flag("disable_parallel_tool_use"));
    }

    private static ToolDefinition ReadTool(JsonElement tool, BlockPlace place)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(place.ToString(), $"{place} is not a tool: an object is expected");
        }

        return tool.Text("type") is { } type and not "custom"
            ? new OpaqueTool(Dialect.Anthropic, type, tool)
            : new FunctionTool(tool.Text("name") ?? throw place.Missing("name", "a string"))
            {
                Description = tool.Text("description"),
                Parameters = tool.Object("input_schema"),
                Strict = tool.Flag("strict"),
                CacheControl = AnthropicCacheControl.Read(tool),
                Extensions = tool.ExtensionsBeside(Dialect.Anthropic, ToolMembers),
            };
    }
}
