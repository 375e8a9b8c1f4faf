using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>The values of <c>error.type</c>, with the status of each (docs, Errors; SDK 1.11.0, shared.d.ts).</summary>
internal static class AnthropicErrorType
{
    private static readonly (string Type, ChatErrorKind Kind, int Status)[] Table =
    [
        ("invalid_request_error", ChatErrorKind.InvalidRequest, 400),
        ("authentication_error", ChatErrorKind.Authentication, 401),
        ("billing_error", ChatErrorKind.Billing, 402),
        ("permission_error", ChatErrorKind.Permission, 403),
        ("not_found_error", ChatErrorKind.NotFound, 404),
        ("conflict_error", ChatErrorKind.Conflict, 409),
        ("request_too_large", ChatErrorKind.RequestTooLarge, 413),
        ("rate_limit_error", ChatErrorKind.RateLimit, 429),
        ("api_error", ChatErrorKind.Server, 500),
        ("timeout_error", ChatErrorKind.Timeout, 504),
        ("overloaded_error", ChatErrorKind.Overloaded, 529),
    ];

    /// <returns>Null for a type that this version does not know.</returns>
    public static (ChatErrorKind Kind, int Status)? Read(string type)
    {
        foreach (var (name, kind, status) in Table)
        {
            if (name == type)
            {
                return (kind, status);
            }
        }

        return null;
    }

    public static string Of(ChatErrorKind kind)
    {
        foreach (var (name, entry, _) in Table)
        {
            if (entry == kind)
            {
                return name;
            }
        }

        // Unprocessable: Anthropic answers 422 and 400 with the same type.
        return "invalid_request_error";
    }
}
