namespace Gatehouse.Limits;

/// <summary>What is counted.</summary>
internal enum LimitUnit
{
    /// <summary>Nano-USD.</summary>
    Money,

    Requests,
    InputTokens,
    OutputTokens,
    TotalTokens,

    /// <summary>Exchanges at the same time.</summary>
    Concurrency,
}

/// <summary>A limit, compiled: what it counts, over which time, for whom. Never changed.</summary>
internal sealed class LimitRule
{
    /// <summary>What was used is kept under it: the same as long as the name, or else what the item counts, is the same.</summary>
    public required string Id { get; init; }

    /// <summary>For people: the name that it was given, or what it says.</summary>
    public required string Name { get; init; }

    /// <summary>For people: the name, and whose limit it is where several may have given theirs the same.</summary>
    public string Label { get => field ?? Name; init; }

    /// <summary>What alerts are about: another one for each limit, also where two keys have the same name.</summary>
    public string Subject { get => field ?? Name; init; }

    /// <summary>Whose limits it stands with, such as <c>team:search</c>; empty for those at the top level, of providers and of routes.</summary>
    public string Scope { get; init; } = "";

    public required LimitUnit Unit { get; init; }

    public required LimitPeriod Period { get; init; }

    /// <summary>Nano-USD, requests, tokens or exchanges at the same time.</summary>
    public required long Most { get; init; }

    /// <summary>What must hold of an exchange; empty for all.</summary>
    public LimitCondition[] Conditions { get; init; } = [];

    /// <summary>Each combination of their values has an amount of its own; empty for one amount for all.</summary>
    public LimitDimension[] GroupBy { get; init; } = [];

    public LimitAction Action { get; init; }

    /// <summary>Nano-USD.</summary>
    public long Overdraft { get; init; }

    public UnknownPricePolicy UnknownPrice { get; init; }

    /// <summary>Percentages, ascending.</summary>
    public int[] AlertAt { get; init; } = [];

    /// <summary>When its periods begin.</summary>
    public LimitCalendar Calendar { get; init; } = LimitCalendar.Utc;

    /// <summary>Where it goes decides whether it counts, and where: known only when a target is about to be asked.</summary>
    public bool DependsOnTarget { get; init; }

    /// <summary>The length of a window that slides; null for budgets and what has no such window.</summary>
    public TimeSpan? Window => Unit is LimitUnit.Money or LimitUnit.Concurrency ? null : Period switch
    {
        LimitPeriod.Second => TimeSpan.FromSeconds(1),
        LimitPeriod.Minute => TimeSpan.FromMinutes(1),
        LimitPeriod.Hour => TimeSpan.FromHours(1),
        LimitPeriod.Day => TimeSpan.FromDays(1),
        _ => null,
    };

    public bool CountsTokens => Unit is LimitUnit.InputTokens or LimitUnit.OutputTokens or LimitUnit.TotalTokens;
}
