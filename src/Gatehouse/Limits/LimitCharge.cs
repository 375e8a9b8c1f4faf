using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits;

/// <summary>What an exchange has used of one limit: durable with its row.</summary>
/// <param name="At">When it was let in.</param>
/// <param name="Used">In the unit of the limit.</param>
internal readonly record struct LimitCharge(LimitAccount Account, DateTimeOffset At, long Used);
