using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream;

/// <summary>
/// How long a streamed answer is held back: while nothing of it has gone to the caller, another target can answer instead and nobody notices.
/// </summary>
/// <param name="rule">Of the route; null where an answer goes out from its first frame.</param>
internal struct ReleaseWindow(ReleaseModel? rule)
{
    /// <summary>Bytes held at most.</summary>
    public const int MaxHeld = 256 * 1024;

    private TimeSpan? _began;

    /// <summary>Frames may be held.</summary>
    public readonly bool Holds => rule is not null;

    /// <summary>Pictures, sounds and relayed paths have no content that could be told from the rest.</summary>
    public static ReleaseWindow Of(Exchange exchange) => new(
        exchange.Operation.IsChat || exchange.Operation == Operation.Completion ? exchange.Route?.Release ?? ReleaseModel.Default : null);

    /// <summary>Whether the caller is to get what has come so far.</summary>
    /// <param name="facts">Know all that has come.</param>
    /// <param name="held">Bytes that wait.</param>
    /// <param name="now">Since the exchange began.</param>
    public bool Opens(AnswerFacts facts, int held, TimeSpan now)
    {
        if (rule is null || (rule.TextBytes is { } least ? facts.TextBytes >= least : facts.HasContent))
        {
            return true;
        }

        _began ??= now;
        return held > MaxHeld || Left(now) <= TimeSpan.Zero;
    }

    /// <summary>How long what is held may still wait.</summary>
    public readonly TimeSpan Left(TimeSpan now) => _began is { } began && rule is not null ? began + rule.After - now : TimeSpan.Zero;

    /// <summary>
    /// Whether an answer that has no proper end of its own kind (<c>[DONE]</c> and the end of the body are none) said nothing at all: it is broken.
    /// </summary>
    public readonly bool SaysNothing(AnswerFacts facts) => Holds && !facts.HasContent && !facts.IsFinished && facts.FinishReason is null;
}
