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

    /// <summary>For people: the name that it was given, or what it says. Put together when it is read: there may be 100,000 keys with limits.</summary>
    public string Name { get => field ?? Says(Whose); init; }

    /// <summary>It was given its name.</summary>
    public bool IsNamed { get; init; } = true;

    /// <summary>Of one without a name: what it counts, before and behind whose limit it is.</summary>
    public (string Before, string Behind) Words { get; init; } = ("", "");

    /// <summary>Whose limits it stands with, for people: <c>team search</c>; empty as <see cref="Scope"/>.</summary>
    public string Whose { get; init; } = "";

    /// <summary>For people: the name, and whose limit it is where several may have given theirs the same.</summary>
    public string Label => !IsNamed || Scope.Length == 0 ? Name : $"{Name} ({Whose})";

    /// <summary>What alerts are about: another one for each limit, also where two keys have the same name.</summary>
    public string Subject => !IsNamed ? Says(Scope) : Scope.Length == 0 ? Name : $"{Name} of {Scope}";

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

    /// <summary>What it counts, without how much: <c>budget per day of key:key_1 where model=*opus* by label.feature</c>.</summary>
    private string Says(string whose) => whose.Length == 0 ? $"{Words.Before}{Words.Behind}" : $"{Words.Before} of {whose}{Words.Behind}";

    public bool CountsTokens => Unit is LimitUnit.InputTokens or LimitUnit.OutputTokens or LimitUnit.TotalTokens;
}
