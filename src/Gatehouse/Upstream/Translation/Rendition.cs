using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Translation;

/// <summary>A call in the form that its target wants, where that is not the caller's own; and what becomes of the answer.</summary>
internal abstract class Rendition
{
    /// <summary>JSON.</summary>
    public abstract ReadOnlyMemory<byte> Body { get; }

    /// <summary>The caller's headers have a meaning for the target too.</summary>
    public virtual bool ForwardsHeaders => false;

    /// <summary>An answer for which the target need not be asked; null where it must be.</summary>
    public virtual HeldAnswer? AnswerWithoutCall(CallLifetime lifetime) => null;

    public abstract Uri UriFor(Target target);

    /// <summary>Puts the answer into the caller's form; null when it passes as it is.</summary>
    public abstract HeldAnswer? AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime);
}
