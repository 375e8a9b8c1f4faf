using Gatehouse.Identity;

namespace Gatehouse.Limits.Queue;

/// <summary>What became of an exchange that arrived.</summary>
internal enum AdmissionVerdict
{
    /// <summary>Not decided yet.</summary>
    Waiting,

    /// <summary>It has a slot, or had one.</summary>
    Granted,

    /// <summary>It found the queue full.</summary>
    Full,

    /// <summary>It gave its place in the full queue to another.</summary>
    Displaced,

    /// <summary>Its deadline came before its turn.</summary>
    Expired,

    /// <summary>Nobody waits for it any more.</summary>
    Left,
}

/// <summary>One exchange at the queue: it waits, then runs or not, and gives back what it has. All of it is guarded by the queue.</summary>
internal sealed class AdmissionTicket(AdmissionQueue queue, AdmissionKey key, PriorityClass priority, long number)
{
    private TaskCompletionSource<AdmissionVerdict>? _settled;

    public AdmissionKey Key => key;

    public PriorityClass Priority => priority;

    /// <summary>In order of arrival.</summary>
    public long Number => number;

    /// <summary>A timestamp of the clock: from then on it waits no longer.</summary>
    public long Deadline { get; private set; }

    public AdmissionVerdict Verdict { get; private set; }

    /// <summary>It holds a slot now.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>For one that was turned away: when there may be room.</summary>
    public TimeSpan RetryAfter { get; private set; }

    /// <summary>Ends when one that has to wait has its verdict.</summary>
    public Task<AdmissionVerdict> Settled => _settled?.Task ?? Task.FromResult(Verdict);

    /// <summary>Whoever waited for it has gone; nothing happens when it does not wait any more.</summary>
    public void Leave() => queue.Leave(this);

    /// <summary>Gives back the slot, or the place among those that wait. Whatever has been given back stays so.</summary>
    public void End() => queue.End(this);

    public void Wait(long deadline)
    {
        Deadline = deadline;
        // Who is told runs on another thread than the one that gave its slot back.
        _settled = new TaskCompletionSource<AdmissionVerdict>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Grant()
    {
        IsRunning = true;
        Settle(AdmissionVerdict.Granted, default);
    }

    public void Settle(AdmissionVerdict verdict, TimeSpan retryAfter)
    {
        (Verdict, RetryAfter) = (verdict, retryAfter);
        _ = _settled?.TrySetResult(verdict);
    }

    public void Finish() => IsRunning = false;
}
