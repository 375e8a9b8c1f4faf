namespace Gatehouse.Pipeline;

/// <summary>
/// The clock of an exchange. Time with the upstream is the sum of the spans in which the gateway did nothing but wait for it; the time
/// in the queue is that of others, too; the rest is the gateway's own overhead.
/// </summary>
internal struct ExchangeTimings(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _waitStarted;
    private long _waited;
    private long _queued;
    private long _firstByte;
    private long _ended;

    public void UpstreamWaitBegins() => _waitStarted = time.GetTimestamp();

    public void UpstreamWaitEnds()
    {
        _waited += time.GetTimestamp() - _waitStarted;
    }

    /// <summary>It waits for its turn: before anything goes upstream.</summary>
    public void QueueWaitBegins() => _waitStarted = time.GetTimestamp();

    public void QueueWaitEnds() => _queued += time.GetTimestamp() - _waitStarted;

    /// <summary>The first byte of the answer is about to be sent to the caller.</summary>
    public void FirstByte()
    {
        if (_firstByte == 0)
        {
            _firstByte = time.GetTimestamp();
        }
    }

    public void End() => _ended = time.GetTimestamp();

    public readonly TimeSpan Elapsed => time.GetElapsedTime(_started);

    public readonly TimeSpan Total => time.GetElapsedTime(_started, _ended);

    public readonly TimeSpan Upstream => time.GetElapsedTime(0, _waited);

    /// <summary>In which it waited for others to end, or was made to wait.</summary>
    public readonly TimeSpan Queued => time.GetElapsedTime(0, _queued);

    public readonly TimeSpan Overhead => Total - Upstream - Queued;

    public readonly TimeSpan? ToFirstByte => _firstByte == 0 ? null : time.GetElapsedTime(_started, _firstByte);
}
