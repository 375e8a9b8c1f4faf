using System.Globalization;

namespace Gatehouse.Routing.Limits;

/// <summary>Which limit of a target is reached, as values: most refusals are never read. The default value is none.</summary>
internal readonly record struct LimitRefusal
{
    public bool IsRefused => Concurrency > 0 || Rule.Most > 0;

    /// <summary>The limit, where it is one on what runs at the same time; else 0.</summary>
    public int Concurrency { get; init; }

    public LimitRule Rule { get; init; }

    /// <summary>The request alone is larger than the limit.</summary>
    public bool IsForever { get; init; }

    /// <summary>When there is room at the soonest; null where nobody knows.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>To follow the name of the target; null when it was not refused.</summary>
    public string? Text() => !IsRefused ? null
        : Concurrency > 0 ? string.Create(CultureInfo.InvariantCulture, $"its limit of {Concurrency} at the same time is reached")
        : IsForever ? $"the request is larger than its limit of {Rule}"
        : $"its limit of {Rule} is used up for another {Left()}";

    /// <summary>Rounded up, so that it is not too early.</summary>
    private string Left()
    {
        var wait = Wait.GetValueOrDefault();
        var (amount, unit) = wait < TimeSpan.FromMinutes(2) ? (wait.TotalSeconds, "s") : (wait.TotalMinutes, "min");
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(Math.Round(amount * 10, 3)) / 10:0.#} {unit}");
    }
}
