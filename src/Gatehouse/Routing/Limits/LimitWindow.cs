using Gatehouse.Limits;

namespace Gatehouse.Routing.Limits;

/// <summary>
/// What was used of one limit: all of its stretch of time and at most a sixtieth more, so that what is found to be within the limit is so in any
/// stretch that ends now. Not thread-safe.
/// </summary>
internal sealed class LimitWindow(LimitRule rule)
{
    private readonly SlidingCount _used = new(rule.Window, parts: 60);

    public LimitRule Rule { get; set; } = rule;

    public bool HasRoomFor(TimeSpan now, long amount) => _used.AtMost(now) + amount <= Rule.Most;

    /// <summary>When there is room, if nothing else is used until then; null for never.</summary>
    public TimeSpan? WaitFor(TimeSpan now, long amount) =>
        amount > Rule.Most ? null : _used.WaitUntilLessBy(now, _used.AtMost(now) + amount - Rule.Most);

    public void Add(TimeSpan now, long amount) => _used.Add(now, amount);

    /// <summary>Takes back something of what was added at a time.</summary>
    public void Remove(TimeSpan now, TimeSpan addedAt, long amount) => _used.Remove(now, addedAt, amount);
}
