using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Reads <c>tools</c> and <c>toolConfig</c>.</summary>
internal static class GeminiToolReader
{
    /// <summary>A tool of Gemini's is a set of declarations, or of tools that Google runs, or both.</summary>
    public static List<ToolDefinition> ReadTools(JsonElement tools)
    {
        var definitions = new List<ToolDefinition>();
        foreach (var tool in GeminiMembers.Repeated(tools))
        {
            if (tool.ValueKind != JsonValueKind.Object)
            {
                throw new MalformedException("tools", "'tools' must be a list of objects, like {\"functionDeclarations\": [...]}");
            }

            foreach (var member in tool.EnumerateObject())
            {
                var name = GeminiMembers.NameOf(member);
                if (member.Value.ValueKind == JsonValueKind.Null)
                {
                    continue;
                }

                if (name == "functionDeclarations")
                {
                    definitions.AddRange(GeminiMembers.Repeated(member.Value).Select(ReadFunction));
                }
                else
                {
                    definitions.Add(new OpaqueTool(Dialect.Gemini, name, member.Value));
                }
            }
        }

        return definitions;
    }

    /// <param name="config">The object <c>toolConfig</c>.</param>
    /// <param name="extensions">Gets what is not about functions, as <c>toolConfig.retrievalConfig</c>.</param>
    public static ToolChoice? ReadChoice(JsonElement config, List<Extension> extensions)
    {
        ToolChoice? choice = null;
        foreach (var member in config.EnumerateObject())
        {
            var name = GeminiMembers.NameOf(member);
            if (name == "functionCallingConfig" && member.Value.ValueKind == JsonValueKind.Object)
            {
                choice = ReadFunctionCalling(member.Value);
            }
            else if (member.Value.ValueKind != JsonValueKind.Null)
            {
                extensions.Add(new Extension("toolConfig." + name, member.Value));
            }
        }

        return choice;
    }

    private static ToolChoice ReadFunctionCalling(JsonElement config)
    {
        var mode = ToolChoiceMode.Auto;
        IReadOnlyList<string> names = [];
        List<Extension>? extensions = null;
        foreach (var member in config.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiMembers.NameOf(member))
            {
                case "mode" when ModeOf(member.Value) is { } known:
                    mode = known;
                    break;
                case "allowedFunctionNames" when GeminiMembers.Texts(member.Value) is { } list:
                    names = list;
                    break;
                case var other:
                    (extensions ??= []).Add(new Extension(other, member.Value));
                    break;
            }
        }

        return new ToolChoice(mode) { Names = names, Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }

    /// <summary>"If unspecified, the default value will be set to AUTO." A mode of which we know nothing is kept as it is.</summary>
    private static ToolChoiceMode? ModeOf(JsonElement mode) => GeminiMembers.Text(mode)?.ToUpperInvariant() switch
    {
        "AUTO" or "MODE_UNSPECIFIED" => ToolChoiceMode.Auto,
        "ANY" => ToolChoiceMode.Required,
        "NONE" => ToolChoiceMode.None,
        "VALIDATED" => ToolChoiceMode.Validated,
        _ => null,
    };

    private static FunctionTool ReadFunction(JsonElement declaration)
    {
        if (declaration.ValueKind != JsonValueKind.Object || declaration.Text("name") is not { Length: > 0 } name)
        {
            throw new MalformedException("tools.functionDeclarations.name", "a function declaration must be an object with a 'name'");
        }

        string? description = null;
        JsonElement? parameters = null;
        JsonElement? openApi = null;
        List<Extension>? extensions = null;
        foreach (var member in declaration.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiMembers.NameOf(member))
            {
                case "name":
                    break;
                case "description" when GeminiMembers.Text(member.Value) is { } text:
                    description = text;
                    break;
                case "parameters" when member.Value.ValueKind == JsonValueKind.Object:
                    openApi = member.Value;
                    break;
                case "parametersJsonSchema":
                    parameters = member.Value;
                    break;
                case var other:
                    (extensions ??= []).Add(new Extension(other, member.Value));
                    break;
            }
        }

        return new FunctionTool(name)
        {
            Description = description,
            Parameters = parameters ?? (openApi is { } schema ? GeminiSchema.ToJsonSchema(schema) : null),
            OpenApiParameters = openApi,
            Extensions = Extensions.Of(Dialect.Gemini, extensions),
        };
    }
}
