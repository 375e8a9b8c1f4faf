using Gatehouse.Configuration.Binding;

namespace Gatehouse.Pipeline;

/// <summary>
/// What happened to an attempt that failed, whoever tells it: a status, an error's body or frame, the connection, a clock. What to do about
/// it is decided elsewhere (<c>Routing/Attempts/Disposition</c>). The names, in snake_case, stand in <c>attempts[].kind</c> of the ledger and in
/// <c>retry.on</c>.
/// </summary>
internal enum FailureKind
{
    /// <summary>The account has used up what it may use in a time (429).</summary>
    RateLimited,

    /// <summary>The provider has no room for anybody (503, 529, <c>overloaded_error</c>).</summary>
    Overloaded,

    /// <summary>Any other fault of the provider, and answers that are none.</summary>
    ServerError,

    /// <summary>A time limit passed.</summary>
    Timeout,

    /// <summary>The connection broke, or the answer was cut short, before anything of it was passed on.</summary>
    Network,

    /// <summary>There is nobody: the connection is refused, the name cannot be resolved, TLS fails.</summary>
    Unreachable,

    /// <summary>The credential is refused (401, 403).</summary>
    Auth,

    /// <summary>The account has no money or is closed (402, <c>insufficient_quota</c>).</summary>
    Billing,

    /// <summary>The provider does not have the model (404), or not any more.</summary>
    ModelNotFound,

    /// <summary>The request is wrong for anybody (400, 413, 422, ...).</summary>
    InvalidRequest,

    /// <summary>The target cannot express what was asked; another may.</summary>
    Unsupported,

    /// <summary>The request is longer than the model's context.</summary>
    ContextLength,

    /// <summary>The provider's own filter refused the request.</summary>
    ContentRefused,

    /// <summary>The stream broke off after something of it had been passed on.</summary>
    StreamCut,

    /// <summary>The gateway ended it, for nobody was there to answer any more, or for its own end. It says nothing of the target.</summary>
    Interrupted,
}

internal static class FailureKinds
{
    private static readonly string[] Words = [.. Enum.GetValues<FailureKind>().Select(kind => KeyNames.Snake(kind.ToString()))];

    /// <summary>As it stands in the ledger and in configurations: <c>rate_limited</c>.</summary>
    public static string Word(this FailureKind kind) => Words[(int)kind];
}
