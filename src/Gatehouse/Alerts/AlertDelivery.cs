namespace Gatehouse.Alerts;

internal enum DeliveryState
{
    Waiting,
    Delivered,

    /// <summary>The sink does not want it, and would not want it later.</summary>
    Refused,

    /// <summary>Tried as often as it is tried.</summary>
    GivenUp,

    /// <summary>Too many waited for the sink, or the sink was taken out of the configuration.</summary>
    Dropped,

    /// <summary>The end of a condition, at a sink that never got to know of its beginning.</summary>
    NotTold,
}

/// <param name="Error">Of the last attempt; also with what was delivered in part.</param>
internal sealed record DeliveryStatus(DeliveryState State, int Attempts, string? Error, DateTimeOffset? EndedAt)
{
    public static readonly DeliveryStatus New = new(DeliveryState.Waiting, 0, Error: null, EndedAt: null);
}

/// <summary>One notice for one sink.</summary>
/// <param name="id"><c>dlv_...</c>, the same at each attempt: a receiver can tell that it has it already.</param>
internal sealed class AlertDelivery(string id, string sink, AlertCondition condition, AlertNotice notice)
{
    private volatile DeliveryStatus _status = DeliveryStatus.New;

    public string Id { get; } = id;

    public string Sink { get; } = sink;

    public AlertCondition Condition { get; } = condition;

    public AlertNotice Notice { get; } = notice;

    public DeliveryStatus Status
    {
        get => _status;
        set => _status = value;
    }
}
