namespace Gatehouse.Pipeline;

/// <summary>How an exchange ended.</summary>
internal enum ExchangeOutcome
{
    Completed,

    /// <summary>By the gateway, for a fault of the request or by policy, before an answer began.</summary>
    Refused,

    /// <summary>By the target or the gateway.</summary>
    Failed,

    /// <summary>The stream broke after its first byte.</summary>
    Truncated,

    /// <summary>The client left.</summary>
    Cancelled,
}

internal enum ExchangeKind
{
    Model,
    Tool,
    Agent,
}

/// <summary>The words of the ledger and of the telemetry.</summary>
internal static class ExchangeWords
{
    public static string Word(this ExchangeOutcome outcome) => outcome switch
    {
        ExchangeOutcome.Completed => "completed",
        ExchangeOutcome.Refused => "refused",
        ExchangeOutcome.Failed => "failed",
        ExchangeOutcome.Truncated => "truncated",
        ExchangeOutcome.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, message: null),
    };

    public static string Word(this ExchangeKind kind) => kind switch
    {
        ExchangeKind.Model => "model",
        ExchangeKind.Tool => "tool",
        ExchangeKind.Agent => "agent",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };
}

/// <summary>The steps of the path of an exchange (docs/architecture.md), as the phase in which an error arose.</summary>
internal enum ExchangePhase
{
    Ingress,
    Authenticate,
    Authorize,
    Admit,
    Reuse,
    Dispatch,
    Record,
}
