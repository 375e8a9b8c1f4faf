using Gatehouse.Expressions;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Strategies;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing;

/// <summary>
/// What strategies may know of an exchange. Everything beyond the random numbers is found out when it is first asked for: a route that does not
/// look at the request costs nothing for it.
/// </summary>
internal abstract class RouteContext
{
    /// <summary>Thread-safe.</summary>
    public abstract Random Random { get; }

    /// <summary>Nothing is going to be sent: a plan that is made leaves no trace, such as a turn that is taken.</summary>
    public virtual bool IsRehearsal => false;

    /// <summary>What tells one part of the traffic from another.</summary>
    public abstract string? Affinity(AffinitySource source);

    /// <summary>What the request is.</summary>
    public abstract RequestTraits Traits { get; }

    /// <summary>The end of what the user said last; empty when there is none.</summary>
    public abstract string LastUserText { get; }

    /// <summary>What conditions see: the variables of <see cref="RequestVariables"/>.</summary>
    public abstract IVariables Variables { get; }

    /// <summary>What was chosen for a node by the meaning of the request, before there was a plan; null when nobody asked.</summary>
    public abstract SemanticChoice? Semantic(SemanticStrategy node);

    /// <summary>Input of the request in tokens, estimated from its bytes.</summary>
    public abstract int InputTokens { get; }

    /// <summary>Length of the request's body.</summary>
    public virtual long BodyBytes => Traits.BodyBytes;

    /// <summary>The answer is made of tokens that count.</summary>
    public virtual bool Generates => true;

    /// <summary>Output that is to be expected, in tokens.</summary>
    public abstract int OutputTokens { get; }
}

/// <summary>What a sticky choice sticks to.</summary>
internal enum AffinitySource
{
    /// <summary>The API key.</summary>
    Key,

    /// <summary>The end user that the request names.</summary>
    User,

    /// <summary>The run (task) that the exchange belongs to.</summary>
    Run,

    /// <summary>The beginning of the conversation: what a provider's prompt cache goes by.</summary>
    Prompt,
}
