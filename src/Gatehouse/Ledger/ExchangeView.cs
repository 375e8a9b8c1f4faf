using System.ComponentModel;

namespace Gatehouse.Ledger;

internal sealed record UsageView(
    [property: Description("Uncached input; cache reads and writes come beside it.")] long? InputTokens,
    long? CacheReadTokens,
    long? CacheWriteTokens,
    long? OutputTokens,
    [property: Description("Of output_tokens.")] long? ReasoningTokens,
    [property: Description("Of the input.")] long? AudioInputTokens,
    [property: Description("Of output_tokens.")] long? AudioOutputTokens,
    [property: Description("Of cache_write_tokens.")] long? CacheWriteOneHourTokens,
    [property: Description("Of cache_read_tokens.")] long? AudioCacheReadTokens,
    [property: Description("Of the input.")] long? ImageInputTokens,
    [property: Description("Of output_tokens.")] long? ImageOutputTokens,
    [property: Description("Searches that the provider ran.")] long? WebSearchCalls);

internal sealed record DeliveredView(
    [property: Description("Of the answer's body.")] long Bytes,
    [property: Description("Generated text in them, UTF-8.")] long TextBytes,
    [property: Description("A rough count, four bytes a token, for exchanges whose provider reported no output.")] long? EstimatedOutputTokens);

internal sealed record TimingsView(double TotalMs, double UpstreamMs, long OverheadUs, double? FirstByteMs);

internal sealed record ErrorView(string Code, string? Message, string? Phase);

internal sealed record AttemptView(
    [property: Description("provider/model.")] string Target,
    [property: Description("The target's HTTP status; null when there was no answer.")] int? Status,
    [property: Description("Null when the answer was used; overtaken when another attempt had answered before.")] string? Error,
    [property: Description("What kind of failure: rate_limited, overloaded, server_error, timeout, network, unreachable, auth, billing, model_not_found, invalid_request, unsupported, context_length, content_refused or stream_cut.")] string? Kind,
    [property: Description("Made beside another attempt that was slow to answer.")] bool Hedge,
    [property: Description("Microseconds after the start of the exchange.")] long StartedUs,
    [property: Description("Microseconds from then to the head of the answer, or to the failure.")] long HeadersUs,
    [property: Description("Where there are several: its part of the exchange's cost, null for none. Of one that was given up, what its provider is expected to charge.")] long? CostNanoUsd);

internal sealed record ExchangeView(
    string Id,
    DateTimeOffset Time,
    string Kind,
    string Operation,
    [property: Description("Name of the key.")] string Key,
    string KeyId,
    string Run,
    [property: Description("Id of the exchange in whose course this one was made.")] string? Parent,
    string? Organization,
    string? Team,
    string? Project,
    [property: Description("The end user, as the caller names it.")] string? User,
    string? Agent,
    IReadOnlyDictionary<string, string> Labels,
    [property: Description("The model as the caller wrote it.")] string Model,
    string? Route,
    string? Target,
    [property: Description("In the order in which they ended.")] IReadOnlyList<AttemptView> Attempts,
    int Status,
    [property: Description("completed, refused, failed, truncated or cancelled.")] string Outcome,
    ErrorView? Error,
    bool Stream,
    string? ResponseId,
    string? ResponseModel,
    string? FinishReason,
    [property: Description("Null where the provider reported nothing.")] UsageView? Usage,
    DeliveredView Delivered,
    [property: Description("standard, batch, flex or priority.")] string ServiceTier,
    [property: Description("Null where the price or the usage is not known.")] long? CostNanoUsd,
    [property: Description("Of the prices it was made with; null in rows that are older than prices.")] long? PriceRevision,
    [property: Description("How often the streamed answer broke off and went on at another target.")] int Continued,
    [property: Description("The provider did not report all of the usage: the cost is that of what was delivered.")] bool CostIsEstimated,
    [property: Description("hit, semantic, miss or bypass.")] string Cache,
    [property: Description("What a hit would have cost.")] long? SavedNanoUsd,
    [property: Description("What the provider's own cache saved against uncached input, less what it cost to write to it.")] long? PromptCacheSavedNanoUsd,
    IReadOnlyList<string> Verdicts,
    TimingsView Timings,
    [property: Description("Id of the exchange of which this one was a copy for a second target; its answer went to nobody.")] string? ShadowOf,
    long Revision);
