namespace Gatehouse.Limits.Accounts;

/// <summary>One moment on both clocks: windows that slide go by a clock that nobody sets, periods by the calendar.</summary>
/// <param name="Elapsed">Since the gateway began.</param>
internal readonly record struct LimitMoment(TimeSpan Elapsed, DateTimeOffset Utc);
