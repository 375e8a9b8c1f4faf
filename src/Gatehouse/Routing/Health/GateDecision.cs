namespace Gatehouse.Routing.Health;

/// <summary>Whether a target may be tried now. The default value says yes.</summary>
internal readonly record struct GateDecision
{
    private readonly string? _text;
    private readonly HealthRefusal _refusal;

    /// <param name="refusal">Null when it may.</param>
    /// <param name="until">When it may be tried again, where that is known.</param>
    public GateDecision(string? refusal, DateTimeOffset? until)
    {
        _text = refusal;
        Until = until;
    }

    public GateDecision(in HealthRefusal refusal)
    {
        _refusal = refusal;
        Until = refusal.Until;
    }

    public bool IsOpen => _text is null && _refusal.Kind == RefusalKind.None;

    /// <summary>Why not, to follow the name of the target; null when it may. Made when it is asked for.</summary>
    public string? Refusal => _text ?? _refusal.Text();

    /// <summary>When it may be tried again, where that is known.</summary>
    public DateTimeOffset? Until { get; }
}
