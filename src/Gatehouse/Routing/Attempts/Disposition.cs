using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Attempts;

/// <summary>What to do after a failure.</summary>
/// <param name="TriesNext">Another target may answer where this one did not.</param>
/// <param name="MayRepeat">The same target may answer a moment later.</param>
/// <param name="Blame">What it says of the target's health.</param>
internal readonly record struct Disposition(bool TriesNext, bool MayRepeat, Blame Blame)
{
    /// <summary>By exhaustive match: a new kind does not compile before it is decided here.</summary>
#pragma warning disable CS8524 // Numbers that are no kind: there are none. A kind that is missing here is CS8509, an error.
    public static Disposition Of(FailureKind kind) => kind switch
#pragma warning restore CS8524
    {
        // transient: the next one, or this one again
        FailureKind.RateLimited => new(TriesNext: true, MayRepeat: true, Blame.Quota),
        FailureKind.Overloaded => new(TriesNext: true, MayRepeat: true, Blame.Failure),
        FailureKind.ServerError => new(TriesNext: true, MayRepeat: true, Blame.Failure),
        FailureKind.Timeout => new(TriesNext: true, MayRepeat: true, Blame.Failure),
        FailureKind.Network => new(TriesNext: true, MayRepeat: true, Blame.Failure),

        // hard down: nothing that is sent there again will help
        FailureKind.Unreachable => new(TriesNext: true, MayRepeat: false, Blame.Eject),
        FailureKind.Auth => new(TriesNext: true, MayRepeat: false, Blame.Refused),
        FailureKind.Billing => new(TriesNext: true, MayRepeat: false, Blame.Refused),
        FailureKind.ModelNotFound => new(TriesNext: true, MayRepeat: false, Blame.Refused),

        // the request does not fit this target; that is nobody's fault
        FailureKind.ContextLength => new(TriesNext: true, MayRepeat: false, Blame.None),
        FailureKind.Unsupported => new(TriesNext: true, MayRepeat: false, Blame.None),
        FailureKind.ContentRefused => new(TriesNext: false, MayRepeat: false, Blame.None),

        // the client's fault: every target would say the same
        FailureKind.InvalidRequest => new(TriesNext: false, MayRepeat: false, Blame.None),

        // too late to hide, but the target's fault
        FailureKind.StreamCut => new(TriesNext: false, MayRepeat: false, Blame.Failure),

        // nobody waits for an answer any more
        FailureKind.Interrupted => new(TriesNext: false, MayRepeat: false, Blame.None),
    };
}

/// <summary>What a failure says of the health of its target.</summary>
internal enum Blame
{
    None,

    /// <summary>The target is well, but has no room for this account until a time that it names, or for a moment.</summary>
    Quota,

    /// <summary>Counts for the circuit breaker.</summary>
    Failure,

    /// <summary>
    /// Opens the circuit breaker at once, but for a target that answered others a moment ago: then it may have refused something in this one request
    /// (a file, a tool, an option of the account), and counts as a failure. Nobody shall take a target from others with a crafted request.
    /// </summary>
    Refused,

    /// <summary>Opens the circuit breaker at once.</summary>
    Eject,
}
