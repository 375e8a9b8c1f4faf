using Gatehouse.Protocols.Chat;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Pipeline;

/// <summary>Every way in which the gateway itself ends an exchange. The names, in snake_case, are the stable codes that clients see.</summary>
internal enum GatewayErrorCode
{
    InvalidRequest,
    InvalidApiKey,
    BudgetExceeded,
    PermissionDenied,
    PolicyDenied,
    NotFound,
    ModelNotFound,
    MethodNotAllowed,
    RequestTooLarge,
    UnsupportedMediaType,
    UnsupportedFeature,
    RateLimited,
    RequestTimeout,
    UpstreamError,
    UpstreamInvalidResponse,
    UpstreamTimeout,
    NoTargetAvailable,
    Overloaded,
    GatewayStopping,
    NotCached,
    InternalError,
}

/// <summary>Whose fault an error is.</summary>
internal enum ErrorParty
{
    Client,
    Policy,
    Upstream,
    Gateway,
}

/// <summary>An expected failure, as a value.</summary>
/// <param name="Code">What happened.</param>
/// <param name="Message">For the person who reads it: what, where, what to do.</param>
internal sealed record GatewayError(GatewayErrorCode Code, string Message)
{
    /// <summary>The field of the request that is at fault.</summary>
    public string? Field { get; init; }

    /// <summary>When trying again can help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Headers of the upstream that are kept where its body could not be.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; } = [];

    /// <summary>The methods that the path does take (RFC 9110, 15.5.6: "MUST generate an Allow header field").</summary>
    public string? Allow { get; init; }

    /// <summary>An upstream's own status, kept where its body could not be.</summary>
    public int? UpstreamStatus { get; init; }

    /// <summary>Said where the code alone does not tell it.</summary>
    public FailureKind? Failure { get; init; }

    /// <summary>What kind of failure of an attempt it is.</summary>
    public FailureKind FailureKind => Failure ?? Code switch
    {
        GatewayErrorCode.UpstreamTimeout => FailureKind.Timeout,
        GatewayErrorCode.UpstreamInvalidResponse => FailureKind.ServerError,
        GatewayErrorCode.UpstreamError => FailureKind.Network,
        GatewayErrorCode.UnsupportedFeature => FailureKind.Unsupported,
        // Of a target that has a limit of its own: others may have room.
        GatewayErrorCode.RateLimited or GatewayErrorCode.BudgetExceeded or GatewayErrorCode.PolicyDenied => FailureKind.Unsupported,
        _ => FailureKind.InvalidRequest,
    };

    public ErrorTraits Traits => ErrorTraits.Of(Code);

    /// <summary>A limit that does not come back by itself helps no retry; money that others hold may.</summary>
    public bool RetryCanHelp => Code is GatewayErrorCode.RateLimited or GatewayErrorCode.BudgetExceeded ? RetryAfter is not null : Traits.RetryCanHelp;

    public int Status => UpstreamStatus ?? Traits.Status;

    public ChatError ToChatError() => new(Traits.Kind, Status, Message) { Code = Traits.Name, Param = Field };
}

/// <summary>The one table from codes to statuses and to the words of the error envelope.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Name">The stable code.</param>
/// <param name="Kind">Gives the "type" of the caller's dialect.</param>
/// <param name="Party">Whose fault it is.</param>
/// <param name="RetryCanHelp">False tells the SDKs not to try again (<c>x-should-retry: false</c>).</param>
internal sealed record ErrorTraits(int Status, string Name, ChatErrorKind Kind, ErrorParty Party, bool RetryCanHelp)
{
    public static ErrorTraits Of(GatewayErrorCode code) => code switch
    {
        GatewayErrorCode.InvalidRequest => InvalidRequest,
        GatewayErrorCode.InvalidApiKey => InvalidApiKey,
        GatewayErrorCode.BudgetExceeded => BudgetExceeded,
        GatewayErrorCode.PermissionDenied => PermissionDenied,
        GatewayErrorCode.PolicyDenied => PolicyDenied,
        GatewayErrorCode.NotFound => NotFound,
        GatewayErrorCode.ModelNotFound => ModelNotFound,
        GatewayErrorCode.MethodNotAllowed => MethodNotAllowed,
        GatewayErrorCode.RequestTooLarge => RequestTooLarge,
        GatewayErrorCode.UnsupportedMediaType => UnsupportedMediaType,
        GatewayErrorCode.UnsupportedFeature => UnsupportedFeature,
        GatewayErrorCode.RateLimited => RateLimited,
        GatewayErrorCode.RequestTimeout => RequestTimeout,
        GatewayErrorCode.UpstreamError => UpstreamError,
        GatewayErrorCode.UpstreamInvalidResponse => UpstreamInvalidResponse,
        GatewayErrorCode.UpstreamTimeout => UpstreamTimeout,
        GatewayErrorCode.NoTargetAvailable => NoTargetAvailable,
        GatewayErrorCode.Overloaded => Overloaded,
        GatewayErrorCode.GatewayStopping => GatewayStopping,
        GatewayErrorCode.NotCached => NotCached,
        GatewayErrorCode.InternalError => InternalError,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, message: null),
    };

    private static readonly ErrorTraits InvalidRequest = new(400, "invalid_request", ChatErrorKind.InvalidRequest, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits InvalidApiKey = new(401, "invalid_api_key", ChatErrorKind.Authentication, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits BudgetExceeded = new(402, "budget_exceeded", ChatErrorKind.Billing, ErrorParty.Policy, RetryCanHelp: false);
    private static readonly ErrorTraits PolicyDenied = new(403, "policy_denied", ChatErrorKind.Permission, ErrorParty.Policy, RetryCanHelp: false);
    private static readonly ErrorTraits RateLimited = new(429, "rate_limited", ChatErrorKind.RateLimit, ErrorParty.Policy, RetryCanHelp: true);
    private static readonly ErrorTraits PermissionDenied = new(403, "permission_denied", ChatErrorKind.Permission, ErrorParty.Policy, RetryCanHelp: false);
    private static readonly ErrorTraits NotFound = new(404, "not_found", ChatErrorKind.NotFound, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits ModelNotFound = new(404, "model_not_found", ChatErrorKind.NotFound, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits MethodNotAllowed = new(405, "method_not_allowed", ChatErrorKind.InvalidRequest, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits RequestTooLarge = new(413, "request_too_large", ChatErrorKind.RequestTooLarge, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits UnsupportedMediaType = new(415, "unsupported_media_type", ChatErrorKind.InvalidRequest, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits UnsupportedFeature = new(422, "unsupported_feature", ChatErrorKind.InvalidRequest, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits RequestTimeout = new(408, "request_timeout", ChatErrorKind.Timeout, ErrorParty.Client, RetryCanHelp: true);
    private static readonly ErrorTraits UpstreamError = new(502, "upstream_error", ChatErrorKind.Server, ErrorParty.Upstream, RetryCanHelp: true);
    private static readonly ErrorTraits UpstreamInvalidResponse = new(502, "upstream_invalid_response", ChatErrorKind.Server, ErrorParty.Upstream, RetryCanHelp: true);
    private static readonly ErrorTraits UpstreamTimeout = new(504, "upstream_timeout", ChatErrorKind.Timeout, ErrorParty.Upstream, RetryCanHelp: true);
    private static readonly ErrorTraits NoTargetAvailable = new(503, "no_target_available", ChatErrorKind.Overloaded, ErrorParty.Gateway, RetryCanHelp: true);
    private static readonly ErrorTraits Overloaded = new(503, "overloaded", ChatErrorKind.Overloaded, ErrorParty.Gateway, RetryCanHelp: true);
    private static readonly ErrorTraits GatewayStopping = new(503, "gateway_stopping", ChatErrorKind.Overloaded, ErrorParty.Gateway, RetryCanHelp: true);
    // RFC 9111, 5.2.1.7: what "only-if-cached" asks for.
    private static readonly ErrorTraits NotCached = new(504, "not_cached", ChatErrorKind.InvalidRequest, ErrorParty.Client, RetryCanHelp: false);
    private static readonly ErrorTraits InternalError = new(500, "internal_error", ChatErrorKind.Server, ErrorParty.Gateway, RetryCanHelp: true);
}
