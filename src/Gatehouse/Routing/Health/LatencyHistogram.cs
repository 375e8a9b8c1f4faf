using System.Numerics;

namespace Gatehouse.Routing.Health;

/// <summary>
/// Percentiles of the last five to ten minutes in 2 KB: two windows of counts in logarithmic buckets, eight to an octave, so that an answer is at most
/// an eighth too high. Not thread-safe.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>Below this a percentile would be one sample's story.</summary>
    public const int MinimumSamples = 20;

    private const int SubBuckets = 8;

    // 32 octaves of microseconds: to 71 minutes, more than any time limit for the first byte that makes sense.
    private const int Buckets = 32 * SubBuckets;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private int[] _current = new int[Buckets];
    private int[] _previous = new int[Buckets];
    private int _currentCount;
    private int _previousCount;
    private long _window;

    public void Observe(TimeSpan now, TimeSpan sample)
    {
        Rotate(now);
        _current[BucketOf(sample)]++;
        _currentCount++;
    }

    /// <summary>Null below <see cref="MinimumSamples"/>.</summary>
    /// <param name="now">The time since the same beginning as in the other calls.</param>
    /// <param name="share">0.95 for the 95th.</param>
    public TimeSpan? Percentile(TimeSpan now, double share)
    {
        Rotate(now);
        var count = _currentCount + _previousCount;
        if (count < MinimumSamples)
        {
            return null;
        }

        var above = (int)(count * (1 - share));
        var bucket = Buckets - 1;
        for (; bucket > 0; bucket--)
        {
            above -= _current[bucket] + _previous[bucket];
            if (above < 0)
            {
                break;
            }
        }

        return TimeSpan.FromMicroseconds(UpperEdge(bucket));
    }

    private void Rotate(TimeSpan now)
    {
        var window = now.Ticks / Window.Ticks;
        if (window <= _window)
        {
            return;
        }

        (_current, _previous) = (_previous, _current);
        (_currentCount, _previousCount) = (0, _currentCount);
        Array.Clear(_current);
        if (window > _window + 1)
        {
            Array.Clear(_previous);
            _previousCount = 0;
        }

        _window = window;
    }

    /// <summary>The first eight buckets are a microsecond each; from there on an octave has eight.</summary>
    private static int BucketOf(TimeSpan sample)
    {
        var microseconds = (ulong)Math.Max(0, sample.Ticks / TimeSpan.TicksPerMicrosecond);
        if (microseconds < SubBuckets)
        {
            return (int)microseconds;
        }

        var octave = BitOperations.Log2(microseconds) - 2;
        return Math.Min(Buckets - 1, (octave * SubBuckets) + (int)((microseconds >> (octave - 1)) & (SubBuckets - 1)));
    }

    private static long UpperEdge(int bucket)
    {
        var octave = bucket / SubBuckets;
        return octave == 0 ? bucket + 1 : ((SubBuckets + (bucket % SubBuckets) + 1L) << (octave - 1));
    }
}
