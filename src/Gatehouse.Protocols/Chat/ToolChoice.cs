using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

public enum ToolChoiceMode
{
    /// <summary>The model decides.</summary>
    Auto,

    /// <summary>No tool.</summary>
    None,

    /// <summary>At least one tool.</summary>
    Required,

    /// <summary>Gemini's <c>VALIDATED</c>: the model decides, calls fit their schema.</summary>
    Validated,
}

/// <summary>Which tools the model may or must use.</summary>
public sealed record ToolChoice(ToolChoiceMode Mode)
{
    /// <summary>Only these tools. One name with <see cref="ToolChoiceMode.Required"/> is the choice of that tool.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>
    /// The tools that may be called, for a target that cannot be told which: the same to the model, as it sees no tool that it may not use.
    /// Tools without a name stay only where that is asked.
    /// </summary>
    public IReadOnlyList<ToolDefinition> Allowed(IReadOnlyList<ToolDefinition> tools, bool keepsNameless)
    {
        if (Names.Count == 0)
        {
            return tools;
        }

        var names = Names.ToHashSet(StringComparer.Ordinal);
        return [.. tools.Where(t => t.CalledName is { } name ? names.Contains(name) : keepsNameless)];
    }

    /// <summary>A choice that only its own dialect knows (a server tool); <see cref="Mode"/> then says nothing.</summary>
    public OpaqueChoice? Opaque { get; init; }

    public Extensions? Extensions { get; init; }
}

public sealed record OpaqueChoice(Dialect Dialect, string Type, JsonElement Value);
