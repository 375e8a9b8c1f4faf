using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Reads <c>toolConfig</c>: <c>{tools: [{toolSpec} | {systemTool} | {cachePoint}], toolChoice: {auto} | {any} | {tool: {name}}}</c>.</summary>
internal static class BedrockToolReader
{
    public const string ConfigPrefix = "toolConfig.";

    private static readonly HashSet<string> NoMembers = new(StringComparer.Ordinal);
    private static readonly HashSet<string> ConfigMembers = new(StringComparer.Ordinal) { "tools", "toolChoice" };
    private static readonly HashSet<string> SpecMembers = new(StringComparer.Ordinal) { "name", "description", "inputSchema", "strict" };

    /// <exception cref="MalformedException">A tool has no name.</exception>
    public static (List<ToolDefinition> Tools, ToolChoice? Choice, Extensions? Extensions) Read(JsonElement body)
    {
        var tools = new List<ToolDefinition>();
        if (body.Object("toolConfig") is not { } config)
        {
            return (tools, null, null);
        }

        foreach (var tool in config.Items("tools"))
        {
            if (tools is [.., { CacheControl: null } last] && BedrockCachePoint.Read(tool) is { } cache)
            {
                tools[^1] = last with { CacheControl = cache };
                continue;
            }

            tools.Add(ReadTool(tool, new BlockPlace("toolConfig.tools", tools.Count)));
        }

        var extensions = config.ExtensionsBeside(Dialect.Bedrock, ConfigMembers);
        return (tools, config.Object("toolChoice") is { } choice ? ReadChoice(choice) : null, extensions is null ? null
            : extensions with { Members = [.. extensions.Members.Select(m => m with { Name = ConfigPrefix + m.Name })] });
    }

    private static ToolDefinition ReadTool(JsonElement tool, BlockPlace place)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(place.ToString(), $"{place} must be an object such as {{\"toolSpec\": ...}}");
        }

        if (tool.Object("toolSpec") is not { } spec)
        {
            return new OpaqueTool(Dialect.Bedrock, TypeOf(tool), tool);
        }

        return new FunctionTool(spec.Text("name") ?? throw place.Missing("toolSpec.name", "a string"))
        {
            Description = spec.Text("description"),
            Parameters = spec.Object("inputSchema")?.Object("json"),
            Strict = spec.Flag("strict"),
            Extensions = spec.ExtensionsBeside(Dialect.Bedrock, SpecMembers),
        };
    }

    private static ToolChoice? ReadChoice(JsonElement choice)
    {
        if (choice.Object("tool")?.Text("name") is { } name)
        {
            return new ToolChoice(ToolChoiceMode.Required) { Names = [name] };
        }

        if (choice.Object("any") is not null)
        {
            return new ToolChoice(ToolChoiceMode.Required);
        }

        return choice.Object("auto") is not null ? new ToolChoice(ToolChoiceMode.Auto)
            : choice.GetPropertyCount() == 0 ? null
            : new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaqueChoice(Dialect.Bedrock, TypeOf(choice), choice) };
    }

    /// <summary>The name of the first member.</summary>
    private static string TypeOf(JsonElement union) => union.ExtensionsBeside(Dialect.Bedrock, NoMembers)?.Members[0].Name ?? "";
}
