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

    /// <summary>A choice that only its own dialect knows (a server tool); <see cref="Mode"/> then says nothing.</summary>
    public OpaqueChoice? Opaque { get; init; }

    public Extensions? Extensions { get; init; }
}

public sealed record OpaqueChoice(Dialect Dialect, string Type, JsonElement Value);
