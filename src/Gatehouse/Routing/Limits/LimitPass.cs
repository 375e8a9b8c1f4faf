using Gatehouse.Protocols.Chat;

namespace Gatehouse.Routing.Limits;

/// <summary>How an attempt ended that a limit had let in.</summary>
internal enum LimitEnd
{
    /// <summary>The target was not asked after all.</summary>
    NotMade,

    /// <summary>The target refused it, and made nothing.</summary>
    Refused,

    /// <summary>Nobody knows what the target has made of it, or only in part: what was set aside counts, or what was told if that is more.</summary>
    Unknown,

    /// <summary>What was told of its use is all.</summary>
    Completed,
}

/// <summary>An attempt that was let in at a target. With it comes the duty to end it.</summary>
internal sealed class LimitPass(TargetLimits limits, ExpectedUse use)
{
    public ExpectedUse Use => use;

    /// <summary>When it was let in. This and what follows belongs to the limits, and their lock.</summary>
    public TimeSpan At { get; set; }

    /// <summary>What was set aside of each window.</summary>
    public (LimitWindow Window, long Amount)[] Reserved { get; set; } = [];

    public bool IsOver { get; set; }

    /// <inheritdoc cref="TargetLimits.Renew"/>
    public bool Renew() => limits.Renew(this);

    /// <param name="usage">What the answer told of its use; null for nothing.</param>
    public void End(LimitEnd end, Usage? usage = null) => limits.End(this, end, usage);
}
