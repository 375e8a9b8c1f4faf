using System.Collections.Frozen;
using Gatehouse.Pipeline;
using static Gatehouse.Pipeline.FailureKind;

namespace Gatehouse.Upstream.Failures;

/// <summary>The codes, types, statuses and reasons of errors, whatever the case of their letters.</summary>
internal static class ErrorWords
{
    /// <summary>They say more than the status that they come with. By kind, each with whose it is ("rec." is recorded traffic).</summary>
    private static readonly (FailureKind Kind, string Word)[] Telling =
    [
        (RateLimited, "ThrottlingException"), // Bedrock, API reference of Converse
        (RateLimited, "TooManyRequestsException"), // AWS
        (RateLimited, "ServiceQuotaExceededException"), // Bedrock: with status 400
        (RateLimited, "1302"), (RateLimited, "1303"), (RateLimited, "1304"), (RateLimited, "1308"), (RateLimited, "1310"), (RateLimited, "1313"), // Z.ai, docs.z.ai/api-reference/api-code

        (Overloaded, "overloaded_error"), // Anthropic, docs.claude.com/en/api/errors
        (Overloaded, "engine_overloaded_error"), // Moonshot: with status 429
        (Overloaded, "ServiceUnavailableException"), (Overloaded, "ModelNotReadyException"), // Bedrock, the second with status 429
        (Overloaded, "ServiceUnavailable"), // Azure
        (Overloaded, "UNAVAILABLE"), // Gemini
        (Overloaded, "ServerOverloaded"), // Volcengine, volcengine.com/docs/82379/1299023
        (Overloaded, "capacity_exceeded"), // Groq's flex tier
        (Overloaded, "service_tier_capacity_exceeded"), // Mistral
        (Overloaded, "slow_down"), // OpenAI, platform.openai.com/docs/guides/error-codes
        (Overloaded, "1305"), (Overloaded, "1312"), // Z.ai

        (FailureKind.Timeout, "ModelTimeoutException"), // Bedrock
        (FailureKind.Timeout, "DEADLINE_EXCEEDED"), // Gemini
        (FailureKind.Timeout, "timeout_error"), // Anthropic

        (Auth, "API_KEY_INVALID"), // Gemini: with status 400 (rec.)
        (Auth, "API_KEY_SERVICE_BLOCKED"), (Auth, "SERVICE_DISABLED"), (Auth, "CONSUMER_SUSPENDED"), // Google's ErrorInfo
        (Auth, "invalid_api_key"), // OpenAI, Groq (rec.)
        (Auth, "incorrect_api_key_error"), (Auth, "invalid_authentication_error"), // Moonshot
        (Auth, "ExpiredTokenException"), (Auth, "InvalidSignatureException"), (Auth, "UnrecognizedClientException"), // AWS: with 403 or 400
        (Auth, "MissingAuthenticationTokenException"), (Auth, "IncompleteSignature"), // AWS
        (Auth, "unsupported_country_region_territory"), // OpenAI: no key of the account will be taken from here

        (Billing, "insufficient_quota"), (Billing, "billing_hard_limit_reached"), (Billing, "billing_not_active"), (Billing, "account_deactivated"), // OpenAI
        (Billing, "billing_error"), // Anthropic
        (Billing, "exceeded_current_quota_error"), // Moonshot: with status 429
        (Billing, "BILLING_DISABLED"), // Google's ErrorInfo
        (Billing, "AccountOverdueError"), // Volcengine: with status 403
        (Billing, "Arrearage"), // DashScope: with status 400
        (Billing, "NOT_ENOUGH_BALANCE"), // Novita: with status 403
        (Billing, "insufficient_balance"), // DeepSeek and others
        (Billing, "1112"), (Billing, "1113"), (Billing, "1309"), // Z.ai: with status 429

        (ModelNotFound, "model_not_found"), // OpenAI (rec.: with 404 and with 400), Groq, Doubleword
        (ModelNotFound, "ModelNotFound"),
        (ModelNotFound, "invalid_model"), // Mistral: with status 400 (rec.)
        (ModelNotFound, "DeploymentNotFound"), // Azure (rec.)
        (ModelNotFound, "unknown_model"), // GitHub Models
        (ModelNotFound, "unsupported_model"),
        (ModelNotFound, "model_not_supported"), // Hugging Face's router: with status 400
        (ModelNotFound, "model_not_available"), // Together: with status 400
        (ModelNotFound, "model_decommissioned"), // Groq: with status 400
        (ModelNotFound, "InvalidEndpointOrModel"), (ModelNotFound, "ModelNotOpen"), (ModelNotFound, "InvalidEndpoint"), // Volcengine
        (ModelNotFound, "1211"), (ModelNotFound, "1311"), // Z.ai

        (InvalidRequest, "previous_response_not_found"), // OpenAI: with 400 (rec.) or 404

        (Unsupported, "unsupported_parameter"), (Unsupported, "unsupported_value"), // OpenAI (rec.): "is not supported with this model"
        (Unsupported, "not_supported_error"), // llama.cpp (rec.)
        (Unsupported, "UNIMPLEMENTED"), // Gemini
        // Groq (rec.): what the model made is no call of a tool, or no JSON. The request is in order, and another model may do better.
        (Unsupported, "tool_use_failed"), (Unsupported, "json_validate_failed"),
        (Unsupported, "1212"), // Z.ai

        (ContextLength, "context_length_exceeded"), // OpenAI, Groq, Cerebras
        (ContextLength, "exceed_context_size_error"), // llama.cpp (rec.)
        (ContextLength, "TOO_MANY_TOKENS"), // Cohere (rec.)
        (ContextLength, "too_many_prompt_tokens"), // Perplexity (rec.)
        (ContextLength, "tokens_limit_reached"), // GitHub Models
        (ContextLength, "1261"), // Z.ai

        (ContentRefused, "content_filter"), (ContentRefused, "ResponsibleAIPolicyViolation"), // Azure (rec.); Moonshot
        (ContentRefused, "content_policy_violation"), (ContentRefused, "moderation_blocked"), // OpenAI
        (ContentRefused, "input_guardrail_triggered"), (ContentRefused, "output_guardrail_triggered"), // Databricks
        (ContentRefused, "data_inspection_failed"), (ContentRefused, "DataInspectionFailed"), // DashScope
        (ContentRefused, "SensitiveContentDetected"), (ContentRefused, "InputTextSensitiveContentDetected"), // Volcengine
        (ContentRefused, "InputImageSensitiveContentDetected"), (ContentRefused, "OutputTextSensitiveContentDetected"), // Volcengine
        (ContentRefused, "censorship_blocked"), // StepFun
        (ContentRefused, "1301"), // Z.ai
    ];

    /// <summary>They say what the status says, and count only where there is none: in a stream that began well.</summary>
    private static readonly (FailureKind Kind, string Word)[] Common =
    [
        (RateLimited, "rate_limit_error"), (RateLimited, "rate_limit_reached_error"), (RateLimited, "requests"), (RateLimited, "tokens"), // Anthropic, Moonshot, OpenAI
        (RateLimited, "RESOURCE_EXHAUSTED"), // Gemini (rec.), Vertex
        (RateLimited, "rate_limit_exceeded"), // OpenAI, Groq; Google's ErrorInfo
        (ServerError, "api_error"), (ServerError, "server_error"), (ServerError, "internal_server_error"), (ServerError, "InternalServerError"),
        (ServerError, "InternalServerException"), (ServerError, "ModelErrorException"), (ServerError, "ModelStreamErrorException"), // Bedrock
        (ServerError, "INTERNAL"), (ServerError, "UNKNOWN"), (ServerError, "ABORTED"), (ServerError, "CANCELLED"), // Gemini
        (FailureKind.Timeout, "timeout"),
        (Auth, "authentication_error"), (Auth, "permission_error"), (Auth, "UNAUTHENTICATED"), (Auth, "PERMISSION_DENIED"), (Auth, "AccessDeniedException"),
        (ModelNotFound, "not_found_error"), (ModelNotFound, "NOT_FOUND"), (ModelNotFound, "NotFoundError"), (ModelNotFound, "ResourceNotFoundException"),
        (InvalidRequest, "invalid_request_error"), (InvalidRequest, "INVALID_ARGUMENT"), (InvalidRequest, "FAILED_PRECONDITION"),
        (InvalidRequest, "BadRequestError"), (InvalidRequest, "ValidationException"), (InvalidRequest, "invalid_request"), (InvalidRequest, "invalid_prompt"),
        (ContextLength, "request_too_large"), // Anthropic
    ];

    /// <summary>platform.minimax.io/docs/api-reference/errorcode; numbers that mean other things elsewhere.</summary>
    private static readonly FrozenDictionary<string, FailureKind> MiniMax = new (FailureKind Kind, string Code)[]
    {
        (ServerError, "1000"), (FailureKind.Timeout, "1001"), (RateLimited, "1002"), (Auth, "1004"), (Billing, "1008"), (ServerError, "1024"),
        (ContentRefused, "1026"), (ContentRefused, "1027"), (ServerError, "1033"), (RateLimited, "1039"), (InvalidRequest, "2013"),
        (Auth, "2049"), (RateLimited, "2056"),
    }.ToFrozenDictionary(error => error.Code, error => error.Kind, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, (FailureKind Kind, bool IsCommon)> All = Telling.Select(word => (word.Word, word.Kind, IsCommon: false))
        .Concat(Common.Select(word => (word.Word, word.Kind, IsCommon: true)))
        .ToFrozenDictionary(word => word.Word, word => (word.Kind, word.IsCommon), StringComparer.OrdinalIgnoreCase);

    /// <param name="word">
    /// Also as AWS writes it (<c>com.amazon.coral.service#ThrottlingException</c>, <c>ThrottlingException:http://...</c>) and Volcengine
    /// (<c>RateLimitExceeded.EndpointRPMExceeded</c>).
    /// </param>
    public static (FailureKind Kind, bool IsCommon)? Of(ReadOnlySpan<char> word)
    {
        word = word[(word.LastIndexOf('#') + 1)..];
        var end = word.IndexOfAny(':', '.');
        word = end < 0 ? word : word[..end];
        return All.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var known) ? known : null;
    }

    public static FailureKind? OfMiniMax(ReadOnlySpan<char> code) =>
        MiniMax.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(code, out var kind) ? kind : null;
}
