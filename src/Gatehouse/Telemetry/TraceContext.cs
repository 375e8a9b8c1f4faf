using System.Diagnostics;

namespace Gatehouse.Telemetry;

/// <summary>W3C trace context: the caller's, continued by a span of the gateway's own, or a new one.</summary>
internal readonly record struct TraceContext(ActivityTraceId TraceId, ActivitySpanId SpanId, ActivitySpanId ParentSpanId, bool IsSampled, string? State)
{
    /// <param name="now">
    /// A new trace's id begins with its time (a UUIDv7, RFC 9562): runs are named by it, and the ledger finds them by an index that grows at its
    /// end. The last seven bytes are random, as samplers expect of them.
    /// </param>
    public static TraceContext From(IHeaderDictionary headers, DateTimeOffset now)
    {
        var spanId = ActivitySpanId.CreateRandom();
        return ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var parent)
            ? new TraceContext(parent.TraceId, spanId, parent.SpanId, parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded), parent.TraceState)
            : new TraceContext(NewTraceId(now), spanId, default, IsSampled: false, State: null);
    }

    public static TraceContext From(Activity activity) => new(
        activity.TraceId, activity.SpanId, activity.ParentSpanId, activity.Recorded, activity.TraceStateString);

    /// <summary>The <c>traceparent</c> for the next hop.</summary>
    public string ToHeader() => $"00-{TraceId.ToHexString()}-{SpanId.ToHexString()}-{(IsSampled ? "01" : "00")}";

    private static ActivityTraceId NewTraceId(DateTimeOffset now)
    {
        Span<byte> id = stackalloc byte[16];
        _ = Guid.CreateVersion7(now).TryWriteBytes(id, bigEndian: true, out _);
        return ActivityTraceId.CreateFromBytes(id);
    }
}
