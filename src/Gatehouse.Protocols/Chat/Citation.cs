using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>Where a piece of an answer comes from.</summary>
public sealed record Citation
{
    /// <summary>Whose form <see cref="Value"/> has.</summary>
    public required Dialect Dialect { get; init; }

    /// <summary>As written, for the same dialect.</summary>
    public required JsonElement Value { get; init; }

    public string? Url { get; init; }

    public string? Title { get; init; }

    public string? CitedText { get; init; }

    /// <summary>In the answer's text, in characters: first.</summary>
    public long? Start { get; init; }

    /// <summary>In the answer's text, in characters: behind the last.</summary>
    public long? End { get; init; }
}
