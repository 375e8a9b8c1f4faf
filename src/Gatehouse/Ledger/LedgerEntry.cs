using System.Threading.Tasks.Sources;
using Gatehouse.Identity;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Ledger;

/// <summary>
/// The row of one exchange, and the wait for its commit. It can be awaited once: the answer's last piece waits for it.
/// </summary>
internal sealed class LedgerEntry : IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _committed = new() { RunContinuationsAsynchronously = true };
    private int _isDecided;

    public required string Id { get; init; }

    public required long StartedAtMicroseconds { get; init; }

    public required string Kind { get; init; }

    public required string Operation { get; init; }

    public required long Revision { get; init; }

    public required string KeyId { get; init; }

    public required string KeyName { get; init; }

    public required string Run { get; init; }

    /// <summary>Id of the run's first exchange; null for that one.</summary>
    public string? RunFirst { get; init; }

    public required Payer Payer { get; init; }

    public string? User { get; init; }

    public string? Parent { get; init; }

    public CacheStatus Cache { get; init; }

    public long? SavedNanoUsd { get; init; }

    public long? PromptCacheSavedNanoUsd { get; init; }

    public bool IsCostEstimated { get; init; }

    public required string Requested { get; init; }

    public string? Route { get; init; }

    public string? Target { get; init; }

    public required string Attempts { get; init; }

    public required int Status { get; set; }

    public required string Outcome { get; set; }

    public GatewayError? Error { get; set; }

    public string? ErrorPhase { get; set; }

    public required bool IsStream { get; init; }

    public string? ResponseId { get; init; }

    public string? ResponseModel { get; init; }

    public string? FinishReason { get; init; }

    public Usage? Usage { get; init; }

    public string? ServiceTier { get; init; }

    public long? CostNanoUsd { get; init; }

    public required long PriceRevision { get; init; }

    public string? ShadowOf { get; init; }

    public int Continuations { get; init; }

    public required long DeliveredBytes { get; init; }

    public required long DeliveredText { get; init; }

    public required ExchangeTimings Timings { get; init; }

    public IReadOnlyList<ICompanionRow> Companions { get; init; } = [];

    /// <summary>True once the row is durable, false when it could not be written.</summary>
    public ValueTask<bool> Committed => new(this, _committed.Version);

    /// <summary>The row could not be written, so the answer was withheld: that is how this exchange ended.</summary>
    public void MarkWithheld(GatewayError error)
    {
        if (Error is null)
        {
            Status = IsStream ? Status : error.Status;
            Outcome = (IsStream ? ExchangeOutcome.Truncated : ExchangeOutcome.Failed).Word();
            (Error, ErrorPhase) = (error, "record");
        }
    }

    /// <summary>Ends the wait; only the first call counts.</summary>
    public void Decide(bool isCommitted)
    {
        if (Interlocked.Exchange(ref _isDecided, 1) == 0)
        {
            _committed.SetResult(isCommitted);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _committed.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _committed.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _committed.OnCompleted(continuation, state, token, flags);
}
