namespace Gatehouse.Pipeline;

/// <summary>How an exchange ended; in lower case, these are the words of the ledger.</summary>
internal enum ExchangeOutcome
{
    Completed,

    /// <summary>By the gateway, before anything was sent to a target.</summary>
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

/// <summary>The steps of the path of an exchange (docs/architecture.md), as the phase in which an error arose.</summary>
internal enum ExchangePhase
{
    Ingress,
    Authenticate,
    Authorize,
    Admit,
    Dispatch,
    Record,
}
