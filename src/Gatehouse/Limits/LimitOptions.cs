using System.Collections.ObjectModel;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Limits;

/// <summary>What an amount is counted over.</summary>
internal enum LimitPeriod
{
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,

    /// <summary>One task: all exchanges with the same run.</summary>
    Run,

    /// <summary>For ever.</summary>
    Once,
}

/// <summary>What happens to what goes beyond a limit.</summary>
internal enum LimitAction
{
    Refuse,

    /// <summary>It passes, and somebody is told.</summary>
    Alert,
}

/// <summary>What a budget does with a call whose price nobody knows.</summary>
internal enum UnknownPricePolicy
{
    Refuse,
    AllowAndAlert,
}

[KeyDoc("One limit: a budget (`budget_usd`), an amount of requests or tokens, each with `per`, or `concurrency`. An exchange must be within all limits that apply to it. [limits.md](limits.md) explains them.")]
internal sealed record LimitOptions
{
    /// <summary>One list for all: there may be very many limits.</summary>
    private static readonly IReadOnlyList<int> UsualAlerts = [50, 80, 95];

    [KeyDoc("Name in refusals, alerts and reports; unique. What has been used stays with the name when the rest of the item is changed.", Default = "made of what the item says")]
    public string Name { get; set; } = "";

    [KeyDoc("Which exchanges it counts: names of `key`, `organization`, `team`, `project`, `user`, `agent`, `route`, `operation`, `provider`, `model`, `target`, `run` or `label.NAME` to patterns with `*` for any text. All must match.", Default = "all")]
    public IReadOnlyDictionary<string, string> Match { get; set; } = ReadOnlyDictionary<string, string>.Empty;

    [KeyDoc("The same names: each combination of their values has an amount of its own.", Default = "one amount for all that match")]
    public IReadOnlyList<string> GroupBy { get; set; } = [];

    [KeyDoc("Most that may be spent, in USD, down to nano-USD.", Default = "no limit")]
    public decimal? BudgetUsd { get; set; }

    [KeyDoc("Calls.", Default = "no limit")]
    public long? Requests { get; set; }

    [KeyDoc("Tokens of input, cached ones too.", Default = "no limit")]
    public long? InputTokens { get; set; }

    [KeyDoc("Tokens of output.", Default = "no limit")]
    public long? OutputTokens { get; set; }

    [KeyDoc("Tokens of input and output.", Default = "no limit")]
    public long? TotalTokens { get; set; }

    [KeyDoc("Calls at the same time, a stream to its end. Needs no `per`; with `per: run` it counts each run alone.", Default = "no limit")]
    public int? Concurrency { get; set; }

    [KeyDoc("What it is counted over. Requests and tokens: `second`, `minute`, `hour`, `day` (windows that slide: they end now), or `run`. Budgets: `hour`, `day`, `week`, `month` (by the calendar), `run` or `once`.")]
    public LimitPeriod? Per { get; set; }

    [KeyDoc("Of a budget: where its days, weeks and months begin, as an IANA name such as `Europe/Berlin`.")]
    public string TimeZone { get; set; } = "UTC";

    [KeyDoc("Of a budget: the day on which a month (1 to 31; the last day where a month has fewer) or a week (1 Monday to 7 Sunday) begins.", Default = "`1`")]
    public int? AnchorDay { get; set; }

    [KeyDoc("`alert` lets what goes beyond pass, and raises an alert.")]
    public LimitAction Action { get; set; } = LimitAction.Refuse;

    [KeyDoc("Of a budget: how far beyond it streams that are on the way may go before they are ended, in USD.")]
    public decimal OverdraftUsd { get; set; }

    [KeyDoc("Of a budget: what becomes of a call whose price is not known. It is never taken as free.")]
    public UnknownPricePolicy UnknownPrice { get; set; } = UnknownPricePolicy.Refuse;

    [KeyDoc("Of a budget: percentages of it at which an alert is raised.", Default = "`50, 80, 95`")]
    public IReadOnlyList<int> AlertAt { get; set; } = UsualAlerts;
}

[KeyDoc("Those who pay, by name: what is above them, and their limits.")]
internal sealed record PayerOptions
{
    [KeyDoc("Of a team: the organisation it belongs to. Its keys need not name it.")]
    public string? Organization { get; set; }

    [KeyDoc("Of a project: the team it belongs to. Its keys need not name it.")]
    public string? Team { get; set; }

    [KeyDoc("Limits of all its keys together.", Default = "none")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];
}
