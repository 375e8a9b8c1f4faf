using System.Globalization;
using Gatehouse.Identity;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits.Queue;

/// <summary>What a caller says of an exchange that may have to wait.</summary>
/// <param name="Priority">Null for the key's own class.</param>
/// <param name="Patience">How long it would wait; null for as long as the gateway allows.</param>
internal readonly record struct AdmissionHeaders(PriorityClass? Priority, TimeSpan? Patience)
{
    private const string PriorityHeader = "x-gatehouse-priority";
    private const string DeadlineHeader = "x-gatehouse-deadline";

    /// <summary>A caller can lower its exchange, and not raise it above the class of its key.</summary>
    public PriorityClass Within(PriorityClass highest) => Priority is { } asked && asked > highest ? asked : highest;

    /// <returns>An error when a header has no meaning.</returns>
    public static GatewayError? Read(IHeaderDictionary headers, out AdmissionHeaders read)
    {
        read = default;
        if (headers.TryGetValue(PriorityHeader, out var priority))
        {
            if (ClassOf(priority.ToString()) is not { } asked)
            {
                return Invalid(PriorityHeader, "must be one of interactive, default, batch.");
            }

            read = read with { Priority = asked };
        }

        if (headers.TryGetValue(DeadlineHeader, out var deadline))
        {
            if (!int.TryParse(deadline.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            {
                return Invalid(DeadlineHeader, $"must be a whole number of milliseconds, 0 to {int.MaxValue}.");
            }

            read = read with { Patience = TimeSpan.FromMilliseconds(milliseconds) };
        }

        return null;
    }

    public static string Word(PriorityClass priority) => priority switch
    {
        PriorityClass.Interactive => "interactive",
        PriorityClass.Default => "default",
        PriorityClass.Batch => "batch",
        _ => throw new ArgumentOutOfRangeException(nameof(priority), priority, message: null),
    };

    public static PriorityClass? ClassOf(string text) => text switch
    {
        "interactive" => PriorityClass.Interactive,
        "default" => PriorityClass.Default,
        "batch" => PriorityClass.Batch,
        _ => null,
    };

    private static GatewayError Invalid(string header, string rule) =>
        new(GatewayErrorCode.InvalidRequest, $"The header {header} {rule}") { Field = header };
}
