namespace Gatehouse.Runs;

/// <summary>What the ledger says of one exchange of a run.</summary>
internal sealed record RunRow(string Id, DateTimeOffset StartedAt, TimeSpan Duration, string? Parent, string? ShadowOf, string? Target, int Status, string Outcome)
{
    public required string Operation { get; init; }

    public required string Key { get; init; }

    public string? Agent { get; init; }

    /// <summary>Id of the run's first exchange; null for that one.</summary>
    public string? First { get; init; }

    /// <summary>As the caller wrote it.</summary>
    public required string Model { get; init; }

    public required long Tokens { get; init; }

    public required long RequestTokens { get; init; }

    public long? CostNanoUsd { get; init; }

    public DateTimeOffset EndedAt => StartedAt + Duration;

    public bool IsRefused => Outcome == "refused";
}
