using System.Text.Json.Serialization;

namespace Gatehouse.Pipeline;

/// <summary>One try at one target.</summary>
/// <param name="Target"><c>provider/model</c>.</param>
/// <param name="Status">The target's HTTP status; null when there was no answer.</param>
/// <param name="Error">Why it failed; null when the answer was used.</param>
/// <param name="Kind">What kind of failure that is, of <see cref="FailureKind"/>.</param>
/// <param name="StartedUs">Microseconds after the start of the exchange.</param>
/// <param name="HeadersUs">Microseconds until the head of the answer, or the failure.</param>
internal sealed record Attempt(string Target, int? Status, string? Error, string? Kind, long StartedUs, long HeadersUs)
{
    /// <summary>The error of an attempt that was given up, as another one had answered before.</summary>
    public const string Overtaken = "overtaken";

    /// <summary>It was made beside another one that was slow to answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Hedge { get; init; }

    /// <summary>The target of an attempt that was given up while its provider worked on it.</summary>
    [JsonIgnore]
    public Target? GivenUp { get; init; }

    /// <summary>
    /// What it cost, where there are several: together they are the cost of the exchange. Of one that was given up it is what its provider is
    /// expected to charge for the input. Null where nothing is known to have been used.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? CostNanoUsd { get; init; }
}
