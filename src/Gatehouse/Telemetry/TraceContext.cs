using System.Diagnostics;

namespace Gatehouse.Telemetry;

/// <summary>W3C trace context: the caller's, continued by a span of the gateway's own, or a new one.</summary>
internal readonly record struct TraceContext(ActivityTraceId TraceId, ActivitySpanId SpanId, ActivitySpanId ParentSpanId, bool IsSampled, string? State)
{
    public static TraceContext From(IHeaderDictionary headers)
    {
        var spanId = ActivitySpanId.CreateRandom();
        return ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var parent)
            ? new TraceContext(parent.TraceId, spanId, parent.SpanId, parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded), parent.TraceState)
            : new TraceContext(ActivityTraceId.CreateRandom(), spanId, default, IsSampled: false, State: null);
    }

    public static TraceContext From(Activity activity) => new(
        activity.TraceId, activity.SpanId, activity.ParentSpanId, activity.Recorded, activity.TraceStateString);

    /// <summary>The <c>traceparent</c> for the next hop.</summary>
    public string ToHeader() => $"00-{TraceId.ToHexString()}-{SpanId.ToHexString()}-{(IsSampled ? "01" : "00")}";
}
