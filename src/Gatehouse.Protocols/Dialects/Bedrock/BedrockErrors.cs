using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// <c>{"message": ...}</c>; the type of the error stands in the header <c>x-amzn-errortype</c>, in a stream's <c>:exception-type</c>, or, of
/// older services, in the body's <c>__type</c>.
/// </summary>
internal static class BedrockErrors
{
    /// <summary>Of the service model 2023-09-30, and of AWS itself (Common errors).</summary>
    private static readonly (string Type, ChatErrorKind Kind, int Status)[] Types =
    [
        ("ValidationException", ChatErrorKind.InvalidRequest, 400),
        ("AccessDeniedException", ChatErrorKind.Permission, 403),
        ("UnrecognizedClientException", ChatErrorKind.Authentication, 403),
        ("InvalidSignatureException", ChatErrorKind.Authentication, 403),
        ("ExpiredTokenException", ChatErrorKind.Authentication, 403),
        ("IncompleteSignature", ChatErrorKind.Authentication, 403),
        ("MissingAuthenticationTokenException", ChatErrorKind.Authentication, 403),
        ("ResourceNotFoundException", ChatErrorKind.NotFound, 404),
        ("ModelTimeoutException", ChatErrorKind.Timeout, 408),
        ("ConflictException", ChatErrorKind.Conflict, 400),
        ("ThrottlingException", ChatErrorKind.RateLimit, 429),
        ("ModelNotReadyException", ChatErrorKind.Overloaded, 429),
        ("ServiceQuotaExceededException", ChatErrorKind.RateLimit, 400),
        ("ModelErrorException", ChatErrorKind.Server, 424),
        ("ModelStreamErrorException", ChatErrorKind.Server, 424),
        ("InternalServerException", ChatErrorKind.Server, 500),
        ("ServiceUnavailableException", ChatErrorKind.Overloaded, 503),
    ];

    /// <param name="status">HTTP status; 0 for an exception in a stream, which has that of its type.</param>
    /// <param name="body">Null when it was not JSON.</param>
    /// <param name="type">As the stream tells it; null to look in the body.</param>
    public static ChatError Read(int status, JsonElement? body, string? type = null)
    {
        type ??= body?.Text("__type") ?? body?.Text("code") ?? body?.Object("error")?.Text("type");
        // "com.amazon.coral.service#ThrottlingException", "ThrottlingException:http://..."
        type = type is null ? null : type[(type.LastIndexOf('#') + 1)..].Split(':')[0];
        var known = Array.Find(Types, t => t.Type.Equals(type, StringComparison.OrdinalIgnoreCase));
        if (status == 0)
        {
            status = known.Type is null ? 500 : known.Status;
        }

        var message = body?.Text("message") ?? body?.Text("Message") ?? body?.Text("originalMessage") ?? body?.Object("error")?.Text("message")
            ?? body?.Text("error") ?? (body is { ValueKind: JsonValueKind.String } text ? text.TextOrFail("message") : null);
        var kind = known.Type is null ? ChatError.KindOf(status) : known.Kind;
        if (string.IsNullOrWhiteSpace(message) && type is not null)
        {
            message = $"Bedrock answered with a {type} without a message";
        }

        return new ChatError(status == 424 ? ChatErrorKind.Server : kind, status, message ?? "")
        {
            ProviderType = type,
            Code = body?.Text("reason"),
        };
    }

    /// <summary>The type of exception that a client of Bedrock's expects.</summary>
    public static string TypeOf(ChatError error) => error.Kind switch
    {
        ChatErrorKind.Authentication => "UnrecognizedClientException",
        ChatErrorKind.Permission or ChatErrorKind.Billing => "AccessDeniedException",
        ChatErrorKind.NotFound => "ResourceNotFoundException",
        ChatErrorKind.Conflict => "ConflictException",
        ChatErrorKind.RateLimit => "ThrottlingException",
        ChatErrorKind.Timeout => "ModelTimeoutException",
        ChatErrorKind.Overloaded => "ServiceUnavailableException",
        ChatErrorKind.Server => "InternalServerException",
        _ => "ValidationException",
    };

    /// <summary>Only five exceptions are part of the stream (ConverseStreamOutput); clients do not know others there.</summary>
    public static string StreamTypeOf(ChatError error) => error.Kind switch
    {
        ChatErrorKind.RateLimit => "throttlingException",
        ChatErrorKind.Overloaded => "serviceUnavailableException",
        ChatErrorKind.Timeout => "modelStreamErrorException",
        ChatErrorKind.Server => "internalServerException",
        _ => "validationException",
    };

    /// <summary>
    /// The code of the gateway goes to <c>reason</c>: SDKs take a member <c>code</c> for the type of the exception.
    /// </summary>
    /// <param name="writer">At a place for a value.</param>
    /// <param name="error">What to tell.</param>
    /// <param name="hasType">The type stands in the body; in a stream it is a header.</param>
    public static void Write(Utf8JsonWriter writer, ChatError error, bool hasType)
    {
        writer.WriteStartObject();
        writer.WriteString("message"u8, error.Message);
        if (hasType)
        {
            writer.WriteString("__type"u8, TypeOf(error));
        }

        writer.WriteOptional("reason", error.Code);
        writer.WriteEndObject();
    }
}
