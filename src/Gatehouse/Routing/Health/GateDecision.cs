namespace Gatehouse.Routing.Health;

/// <summary>Whether a target may be tried now. The default value says yes.</summary>
internal readonly record struct GateDecision(HealthRefusal Why)
{
    public bool IsOpen => Why.Kind == RefusalKind.None;

    /// <summary>The account has used up its quota, which will be there again.</summary>
    public bool IsQuota => Why.Kind == RefusalKind.Quota;

    /// <summary>Why not, to follow the name of the target; null when it may. Made when it is asked for.</summary>
    public string? Refusal => Why.Text();

    /// <summary>When it may be tried again, where that is known.</summary>
    public DateTimeOffset? Until => Why.Until;

    /// <summary>How long that is from now.</summary>
    public TimeSpan? Wait => Until - Why.At;
}
