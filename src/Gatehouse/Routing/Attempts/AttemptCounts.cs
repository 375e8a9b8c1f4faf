using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Attempts;

/// <summary>
/// How the attempts at one target of one route have ended since the start: each is counted once, when it is over. Thread-safe. It outlives a
/// reload of the configuration.
/// </summary>
internal sealed class AttemptCounts
{
    private readonly long[] _failures = new long[Enum.GetValues<FailureKind>().Length];
    private int _lastFault = -1;
    private long _answered;
    private long _abandoned;

    /// <summary>Its answer was used, whole.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Nobody waited for its answer any more: another attempt was faster, or the client left.</summary>
    public long Abandoned => Interlocked.Read(ref _abandoned);

    /// <summary>The last failure that was the target's fault; null when there was none.</summary>
    public FailureKind? LastFault => Volatile.Read(ref _lastFault) is >= 0 and var kind ? (FailureKind)kind : null;

    /// <summary>The kinds of failures that there were.</summary>
    public IEnumerable<(FailureKind Kind, long Count)> Failures
    {
        get
        {
            foreach (var kind in Enum.GetValues<FailureKind>())
            {
                if (Interlocked.Read(ref _failures[(int)kind]) is > 0 and var count)
                {
                    yield return (kind, count);
                }
            }
        }
    }

    public void CountFailed(FailureKind kind)
    {
        _ = Interlocked.Increment(ref _failures[(int)kind]);
        if (Disposition.Of(kind).Blame is Blame.Failure or Blame.Refused or Blame.Eject)
        {
            Volatile.Write(ref _lastFault, (int)kind);
        }
    }

    /// <param name="hasAnswered">The head of a good answer had come.</param>
    public void CountEnded(bool hasAnswered) => Interlocked.Increment(ref hasAnswered ? ref _answered : ref _abandoned);
}
