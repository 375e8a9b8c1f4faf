using Gatehouse.Limits;

namespace Gatehouse.Routing.Health;

/// <summary>
/// Keeps retries to a share of the traffic, so that an outage is not answered with a multiple of it. At the moment a retry is granted, the retries
/// of the last window, itself among them, are at most the share of the requests of that same window, or the minimum where that is more.
/// Thread-safe and exact.
/// </summary>
internal sealed class RetryBudget(TimeProvider time, double ratio, int minimum, TimeSpan window)
{
    private readonly Lock _lock = new();
    private readonly long _origin = time.GetTimestamp();
    private SlidingCount _requests = new(window);
    private SlidingCount _retries = new(window);
    private double _ratio = ratio;
    private int _minimum = minimum;

    // Within the lock only: so no two calls see time run backwards.
    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>Of the configuration from now on. A changed window begins empty.</summary>
    /// <param name="ratio">Retries per request.</param>
    /// <param name="minimum">Retries per window that are granted whatever the traffic: a share of little would be none.</param>
    /// <param name="window">How far back both are counted.</param>
    public void Apply(double ratio, int minimum, TimeSpan window)
    {
        lock (_lock)
        {
            _ratio = ratio;
            _minimum = minimum;
            if (window != _requests.Window)
            {
                _requests = new SlidingCount(window);
                _retries = new SlidingCount(window);
            }
        }
    }

    /// <summary>A request came: its first attempt, not its retries.</summary>
    public void CountRequest()
    {
        lock (_lock)
        {
            _requests.Add(Now);
        }
    }

    /// <summary>For the admin API: what has been used, and how many more would be granted now.</summary>
    public BudgetView View()
    {
        lock (_lock)
        {
            var now = Now;
            var (requests, spent) = (_requests.AtLeast(now), _retries.AtMost(now));
            return new BudgetView(_ratio, _requests.Window.TotalSeconds, requests, spent, Math.Max(0, (long)Math.Max(_minimum, _ratio * requests) - spent));
        }
    }

    /// <summary>Takes one retry out of the budget; false when there is none.</summary>
    public bool TrySpend()
    {
        lock (_lock)
        {
            // Requests are rounded down and retries up to a bucket, so the promise holds for every window, not only for those of whole buckets.
            var now = Now;
            if (_retries.AtMost(now) + 1 > Math.Max(_minimum, _ratio * _requests.AtLeast(now)))
            {
                return false;
            }

            _retries.Add(now);
            return true;
        }
    }
}
