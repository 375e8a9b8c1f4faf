using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Failures;

/// <summary>What happened, from what a provider answered: by the status, and closer by what the error's body says.</summary>
internal static class FailureClassifier
{
    /// <param name="status">400 or higher.</param>
    /// <param name="body">The error, or its beginning; anything else goes by the status.</param>
    /// <param name="errorType">The header <c>x-amzn-errortype</c> of AWS.</param>
    public static FailureKind Of(int status, ReadOnlySpan<byte> body, string? errorType = null) => Of(status, Read(body, errorType));

    /// <summary>An error that comes with success: in a stream that began well, or as the answer.</summary>
    /// <param name="data">The data of the frame, without its SSE fields; or the body.</param>
    /// <param name="errorType">The header <c>:exception-type</c> of an AWS event.</param>
    public static FailureKind OfFrame(ReadOnlySpan<byte> data, string? errorType = null)
    {
        var facts = Read(data, errorType);
        return facts.Status is { } status ? Of(status, facts) : facts.Told ?? facts.CommonWord ?? FailureKind.ServerError;
    }

    /// <summary>An error that was read into neutral terms.</summary>
    public static FailureKind Of(ChatError error)
    {
        var facts = new ErrorFacts { Phrase = ErrorPhrases.Of(error.Message) };
        foreach (var word in (ReadOnlySpan<string?>)[error.Code, error.ProviderType])
        {
            if (word is not null)
            {
                ErrorBody.AddType(word, ref facts);
            }
        }

        return Of(error.Status, facts);
    }

    private static ErrorFacts Read(ReadOnlySpan<byte> body, string? errorType)
    {
        var facts = ErrorBody.Read(body);
        if (errorType is not null)
        {
            ErrorBody.AddType(errorType, ref facts);
        }

        return facts;
    }

    private static FailureKind Of(int status, in ErrorFacts facts)
    {
        var usual = OfStatus(status);
        if (facts.Told is { } told && MayBe(status, told))
        {
            return told;
        }

        // A proxy's 500 around what the provider behind it said; its 400s are not the caller's fault any more.
        if (status >= 500 && (facts.CommonWord ?? (facts.Status is { } inner ? OfStatus(inner) : null)) is { } wrapped && IsPassing(wrapped))
        {
            return wrapped;
        }

        return status switch
        {
            // {"param": "completion_id", "code": "not_found"}: it is not the model that is missing. {"param": "tools", "type": "external_connector_error"}: it
            // is a server that the caller named which does not answer.
            404 or 409 or 424 when facts.BlamesField => FailureKind.InvalidRequest,
            // {"message": "You are not allowed to request logprobs from this model", "type": "invalid_request_error"}: it is this request that is not
            // allowed. A key that is no good is a 401, and a model that the account may not use has a code of its own.
            403 when facts.BlamesField || facts.CommonWord == FailureKind.InvalidRequest => FailureKind.Unsupported,
            _ => usual,
        };
    }

    /// <summary>Whether a body may be believed against the status it comes with.</summary>
    private static bool MayBe(int status, FailureKind kind) => status switch
    {
        401 => kind is FailureKind.Billing,
        402 or 408 or 410 or 413 or 446 or 451 => false,
        // What the limit is counted in must not look like a fault of the request.
        429 => kind is FailureKind.Overloaded or FailureKind.Billing or FailureKind.ContextLength or FailureKind.Unsupported,
        // Never the caller's fault, never a reason to give the target up. That another target can take the request is all that may be learned.
        >= 500 => IsPassing(kind) || kind is FailureKind.ContextLength or FailureKind.Unsupported,
        _ => true,
    };

    private static bool IsPassing(FailureKind kind) => kind is FailureKind.RateLimited or FailureKind.Overloaded or FailureKind.Timeout;

    /// <summary>What a status says alone (RFC 9110, 15; others with whose they are).</summary>
    private static FailureKind OfStatus(int status) => status switch
    {
        401 or 403 or 407 => FailureKind.Auth,
        402 => FailureKind.Billing,
        404 or 410 => FailureKind.ModelNotFound,
        // 522, 524: Cloudflare
        408 or 504 or 522 or 524 => FailureKind.Timeout,
        // Transient: a lock that could not be had (OpenAI's and Anthropic's clients try again), a connection to the wrong place, a request too early.
        409 or 421 or 425 => FailureKind.ServerError,
        413 => FailureKind.ContextLength,
        // Bedrock, TGI: the model failed
        424 => FailureKind.ServerError,
        429 => FailureKind.RateLimited,
        // Portkey: a guardrail said no; StepFun, for the content
        446 or 451 => FailureKind.ContentRefused,
        // Groq: no room in the flex tier
        498 => FailureKind.Overloaded,
        // Google: CANCELLED, and not by us
        499 => FailureKind.ServerError,
        // "does not support the functionality required to fulfill the request"
        501 => FailureKind.Unsupported,
        // 529: Anthropic
        503 or 529 => FailureKind.Overloaded,
        >= 400 and < 500 => FailureKind.InvalidRequest,
        _ => FailureKind.ServerError,
    };
}
