namespace Gatehouse.Bench.Chaos;

/// <summary>The faults by class, and in words.</summary>
internal static class Faults
{
    public static IReadOnlyList<Fault> InBursts { get; } =
        [.. Enum.GetValues<Fault>().Where(fault => fault is > Fault.None and < Fault.ResetAfterContent)];

    public static IReadOnlyList<Fault> AfterContent { get; } =
        [.. Enum.GetValues<Fault>().Where(fault => fault >= Fault.ResetAfterContent)];

    public static string Describe(Fault fault) => fault switch
    {
        Fault.None => "none",
        Fault.RateLimited => "429, JSON error",
        Fault.RateLimitedRetryAfter => "429 with `retry-after: 1`",
        Fault.ServerError => "500, JSON error",
        Fault.BadGatewayPage => "502, HTML page",
        Fault.Unavailable => "503, no body",
        Fault.Overloaded => "529, `overloaded_error`",
        Fault.RequestTimeout => "408, JSON error",
        Fault.RefusedConnection => "connections refused, idle ones reset",
        Fault.ResetBeforeHead => "reset before the head",
        Fault.ClosedBeforeHead => "closed before the head",
        Fault.StalledHead => "silence instead of a head",
        Fault.SlowHead => "head 1 s late, then a good answer",
        Fault.NotHttp => "bytes that are no HTTP",
        Fault.EmptyBody => "200 without a body",
        Fault.NotJson => "200 with an HTML page",
        Fault.ErrorObject => "200 with an error object in JSON",
        Fault.ErrorFirst => "stream: an error as the first frame; JSON: 500",
        Fault.TruncatedJson => "JSON: half of it, properly ended; stream: properly ended before content",
        Fault.ResetInBody => "reset in the body before content",
        Fault.ClosedInChunk => "closed inside a chunked body before content",
        Fault.StalledBody => "silence in the body before content",
        Fault.ResetAfterContent => "stream: reset after content",
        Fault.ClosedAfterContent => "stream: closed after content",
        Fault.CleanEndAfterContent => "stream: ended after content like a whole one, without `[DONE]`",
        Fault.ErrorAfterContent => "stream: an error frame after content",
        Fault.StalledAfterContent => "stream: silence after content",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "a fault without words"),
    };
}
