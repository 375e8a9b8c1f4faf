using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Limits;

/// <summary>The length of the window in which something is counted. It slides: it ends now, not at a full minute.</summary>
internal enum LimitPeriod
{
    Second,
    Minute,
    Hour,
    Day,
}

[KeyDoc("One limit: an amount and `per`, or `concurrency` alone. A target at its limit is passed over, also when nothing else is left.")]
internal sealed record LimitOptions
{
    [KeyDoc("Attempts, whatever becomes of them.", Default = "no limit")]
    public int? Requests { get; set; }

    [KeyDoc("Tokens of input, cached ones too.", Default = "no limit")]
    public int? InputTokens { get; set; }

    [KeyDoc("Tokens of output.", Default = "no limit")]
    public int? OutputTokens { get; set; }

    [KeyDoc("Tokens of input and output.", Default = "no limit")]
    public int? TotalTokens { get; set; }

    [KeyDoc("Attempts at the same time, each to the end of its answer.", Default = "no limit")]
    public int? Concurrency { get; set; }

    [KeyDoc("The window for all but `concurrency`; it ends now, not at a full minute.")]
    public LimitPeriod? Per { get; set; }
}
