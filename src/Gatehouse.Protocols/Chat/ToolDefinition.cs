using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>A tool that the model may use.</summary>
public abstract record ToolDefinition
{
    public CacheControl? CacheControl { get; init; }

    public Extensions? Extensions { get; init; }

    /// <summary>By which calls and choices name it; null for a tool that the caller does not run.</summary>
    public string? CalledName => this switch
    {
        FunctionTool function => function.Name,
        CustomTool custom => custom.Name,
        _ => null,
    };
}

/// <summary>A tool that the caller runs.</summary>
public sealed record FunctionTool(string Name) : ToolDefinition
{
    public string? Description { get; init; }

    /// <summary>JSON Schema of the arguments; null for none. Gemini's own schema form is read into JSON Schema (types in lower case).</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>As written in Gemini's own schema form, where it was: <see cref="Parameters"/> is made of it.</summary>
    public JsonElement? OpenApiParameters { get; init; }

    /// <summary>JSON Schema of the result (Gemini).</summary>
    public JsonElement? Response { get; init; }

    public bool? Strict { get; init; }
}

/// <summary>A tool that the caller runs and that takes free text (OpenAI's custom tools).</summary>
/// <param name="Name">Of the tool.</param>
/// <param name="Format">OpenAI's <c>format</c>: text or a grammar.</param>
public sealed record CustomTool(string Name, JsonElement? Format) : ToolDefinition
{
    public string? Description { get; init; }

    /// <summary>The names of the custom tools among some: a choice tells them from functions.</summary>
    public static HashSet<string> NamesOf(IReadOnlyList<ToolDefinition> tools) =>
        tools.OfType<CustomTool>().Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
}

/// <summary>A tool that only its own dialect knows, mostly one that the provider runs (web search, code execution, ...).</summary>
/// <param name="Dialect">Whose it is.</param>
/// <param name="Type">What it calls itself.</param>
/// <param name="Value">As written.</param>
public sealed record OpaqueTool(Dialect Dialect, string Type, JsonElement Value) : ToolDefinition;
