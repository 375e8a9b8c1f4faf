namespace Gatehouse.Bench.Chaos;

/// <summary>One way in which an upstream fails a request. What each does to an answer is in <see cref="FaultScript"/>.</summary>
internal enum Fault
{
    None,

    // Drawn for bursts: nothing of the answer's content has been sent, so that another target can still give the whole answer.
    RateLimited,
    RateLimitedRetryAfter,
    ServerError,
    BadGatewayPage,
    Unavailable,
    Overloaded,
    RequestTimeout,
    RefusedConnection,
    ResetBeforeHead,
    ClosedBeforeHead,
    StalledHead,
    SlowHead,
    NotHttp,
    EmptyBody,
    NotJson,
    ErrorObject,
    ErrorFirst,
    TruncatedJson,
    ResetInBody,
    ClosedInChunk,
    StalledBody,

    // Drawn for single streams: content has been sent, and nobody can take it back.
    ResetAfterContent,
    ClosedAfterContent,
    CleanEndAfterContent,
    ErrorAfterContent,
    StalledAfterContent,
}
