namespace Gatehouse.Protocols.Chat;

public enum ChatErrorKind
{
    InvalidRequest,
    Authentication,
    Billing,
    Permission,
    NotFound,
    Conflict,
    RequestTooLarge,
    Unprocessable,
    RateLimit,
    Timeout,
    Overloaded,
    Server,
}

/// <summary>A failure as an error envelope tells it.</summary>
/// <param name="Kind">In neutral terms; gives the "type" of the caller's dialect.</param>
/// <param name="Status">HTTP status; kept through translation.</param>
/// <param name="Message">For the person who reads it; one that says nothing is replaced by one that tells the status.</param>
public sealed record ChatError(ChatErrorKind Kind, int Status, string Message)
{
    public string Message { get; init; } =
        string.IsNullOrWhiteSpace(Message) ? $"the provider answered with status {Status} and no message" : Message;

    /// <summary>A stable code: the gateway's own, or the provider's.</summary>
    public string? Code { get; init; }

    /// <summary>The field at fault.</summary>
    public string? Param { get; init; }

    /// <summary>The provider's own word for the kind of error.</summary>
    public string? ProviderType { get; init; }

    public string? RequestId { get; init; }

    /// <summary>The kind that a status stands for.</summary>
    public static ChatErrorKind KindOf(int status) => status switch
    {
        401 => ChatErrorKind.Authentication,
        402 => ChatErrorKind.Billing,
        403 => ChatErrorKind.Permission,
        404 or 410 => ChatErrorKind.NotFound,
        408 or 504 => ChatErrorKind.Timeout,
        409 => ChatErrorKind.Conflict,
        413 => ChatErrorKind.RequestTooLarge,
        422 => ChatErrorKind.Unprocessable,
        429 => ChatErrorKind.RateLimit,
        503 or 529 => ChatErrorKind.Overloaded,
        >= 500 => ChatErrorKind.Server,
        _ => ChatErrorKind.InvalidRequest,
    };

    public static ChatError Of(int status, string? message) => new(KindOf(status), status, message ?? "");
}
