using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Gatehouse.Alerts;

[JsonConverter(typeof(JsonStringEnumConverter<AlertSeverity>))]
internal enum AlertSeverity
{
    Info,
    Warning,
    Critical,
}

/// <summary>Something that a person should know of now. <paramref name="Kind"/> and <paramref name="Subject"/> together identify the condition.</summary>
/// <param name="Kind">A stable word in snake_case, such as <c>budget_exceeded</c>; never text of a client, as it becomes a label of metrics.</param>
/// <param name="Subject">What it is about: the name of a budget, the id of a run.</param>
/// <param name="Message">One sentence for a person.</param>
internal sealed record Alert(string Kind, string Subject, AlertSeverity Severity, string Message)
{
    public IReadOnlyDictionary<string, string> Details { get; init; } = ReadOnlyDictionary<string, string>.Empty;
}

/// <summary>Where parts of the gateway tell of conditions that begin and end.</summary>
internal interface IAlerts
{
    /// <summary>The condition is there. Told again while it lasts, it is only counted. Never blocks, no I/O, safe on the hot path and on many threads.</summary>
    void Raise(Alert alert);

    /// <summary>The condition is over. Nothing happens when it was not raised.</summary>
    /// <param name="message">One sentence for a person.</param>
    void Resolve(string kind, string subject, string message);
}
