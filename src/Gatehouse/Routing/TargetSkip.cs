using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Limits;

namespace Gatehouse.Routing;

/// <summary>A time at which a target was passed over. The text is made when it is asked for: most are never read.</summary>
internal sealed class TargetSkip
{
    private readonly string? _text;
    private readonly MissingCapabilities _missing;
    private readonly LimitRefusal _limit;

    public TargetSkip(DateTimeOffset at, string text) => (At, _text) = (at, text);

    public TargetSkip(DateTimeOffset at, in MissingCapabilities missing) => (At, _missing) = (at, missing);

    public TargetSkip(DateTimeOffset at, in LimitRefusal limit) => (At, _limit) = (at, limit);

    public DateTimeOffset At { get; }

    /// <summary>To follow the name of the target.</summary>
    public string Text => _text ?? _missing.Text() ?? _limit.Text() ?? "";
}
