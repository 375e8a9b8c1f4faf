using System.Buffers;
using Gatehouse.Pipeline;
using static Gatehouse.Pipeline.FailureKind;

namespace Gatehouse.Upstream.Failures;

/// <summary>What the sentences of errors say that no code does.</summary>
/// <remarks>
/// A sentence may quote the request ("Unknown parameter: 'your credit balance is too low'"), and a caller must not be able to talk the gateway
/// into giving up a target. So a kind that is held against the target is only believed at the beginning of a sentence, where providers
/// do not quote; the others send a request on, or end it, and harm nobody but who wrote it.
/// </remarks>
internal static class ErrorPhrases
{
    /// <summary>
    /// The first that fits counts, so the narrower stand before the wider. <c>*</c> at the beginning: anywhere; within: any text between; <c>@</c>
    /// at the beginning: after one word. With whose it is ("rec." is recorded traffic).
    /// </summary>
    private static readonly (FailureKind Kind, string Phrase)[] Table =
    [
        // More than the limit of a minute at once: that never fits. Groq (413, 429), OpenAI (429 with rate_limit_exceeded).
        (ContextLength, "Request too large for "),

        (RateLimited, "*error-code#token-limit"), // DashScope, a link
        (RateLimited, "Too many tokens, please wait"), (RateLimited, "Too many tokens per day"), (RateLimited, "Too many requests"), // Bedrock
        (RateLimited, "Rate limit"), // OpenAI, OpenRouter, Fireworks
        (RateLimited, "This request would exceed "), // Anthropic: "your organization's rate limit"

        (Overloaded, "Overloaded"), // Anthropic
        (Overloaded, "The model is overloaded"), (Overloaded, "Model is overloaded"), // Gemini; TGI
        (Overloaded, "The engine is currently overloaded"), // OpenAI, Moonshot
        (Overloaded, "Service tier capacity exceeded"), // Mistral
        (Overloaded, "Model is too busy"), // DeepInfra

        (Auth, "API key not valid"), (Auth, "API key expired"), // Gemini: with status 400 (rec.)
        (Auth, "Incorrect API key provided"), // xAI: with status 400 (rec.)
        (Auth, "User location is not supported"), (Auth, "[ORIGINAL ERROR] generic::failed_precondition: User location is not supported"), // Gemini: with 400 (rec.)

        (Billing, "Your credit balance is too low"), // Anthropic: 400 invalid_request_error
        (Billing, "This organization has been disabled"), // Anthropic: with status 400
        (Billing, "Insufficient balance"), // DeepSeek, Z.ai, MiniMax
        (Billing, "Sorry, your account balance is insufficient"), // SiliconFlow: with status 403
        (Billing, "Your team * has either used all available credits"), // xAI: with status 403 or 429
        (Billing, "Your newly created team"), // xAI: "doesn't have any credits yet", with status 403
        (Billing, "Account * is suspended, possibly due to reaching the monthly spending limit"), // Fireworks: with status 412
        (Billing, "Your account * is suspended"), // Moonshot
        (Billing, "You have exceeded your monthly included credits"), // Hugging Face

        (Unsupported, "No endpoints found that support"), // OpenRouter: with status 404
        (Unsupported, "Extra usage is required for long context"), // Anthropic: with status 429, for requests with the beta header of the long context alone

        (ModelNotFound, "The provided model identifier is invalid"), // Bedrock: with status 400 (rec.)
        (ModelNotFound, "Invocation of model ID * with on-demand throughput"), // Bedrock: with status 400 (rec.)
        (ModelNotFound, "You don't have access to the model"), // Bedrock: with status 403 (rec.)
        (ModelNotFound, "Access to this model is not available"), // Bedrock
        (ModelNotFound, "This model version has reached the end of its life"), // Bedrock (rec.)
        (ModelNotFound, "Model not found"), // xAI: with status 400 (rec.); Fireworks
        (ModelNotFound, "Model Not Exist"), (ModelNotFound, "The supported API model names are"), // DeepSeek: with status 400 (the second rec.)
        (ModelNotFound, "Invalid model:"), // Mistral: with status 400 (rec.)
        (ModelNotFound, "The model * does not exist"), (ModelNotFound, "The requested model * does not exist"), // OpenAI (rec.), vLLM
        (ModelNotFound, "The model * has been de"), // Groq ("decommissioned"), OpenAI ("deprecated")
        (ModelNotFound, "The requested model * is not supported"), // Hugging Face, GitHub Copilot
        (ModelNotFound, "Unable to access model"), (ModelNotFound, "Unable to access non-serverless model"), // Together: with status 400
        (ModelNotFound, "@ is not a valid model ID"), // OpenRouter: with status 400

        // With 404 or 403, and yet nothing that the target lacks: an object of another account, of another provider, or one that is gone.
        (InvalidRequest, "Previous response with id"), (InvalidRequest, "Response with id"), (InvalidRequest, "Item with id"), // OpenAI (rec.)
        (InvalidRequest, "Conversation with id"), (InvalidRequest, "Prompt with id"), (InvalidRequest, "Vector store with id"), // OpenAI
        (InvalidRequest, "Container with id"), (InvalidRequest, "No such File"), (InvalidRequest, "File not found"), // OpenAI, Anthropic
        (InvalidRequest, "CachedContent not found"), (InvalidRequest, "Cached content not found"), // Gemini: with status 403
        (InvalidRequest, "You do not have permission to access the File"), // Gemini: with status 403
        (InvalidRequest, "*does not have storage.objects.get access"), // Vertex, in the words of Cloud Storage: a gs:// address of the caller's, with status 403

        (ContentRefused, "*blocked by content filtering policy"), // Anthropic: with status 400
        (ContentRefused, "*filtered due to the prompt triggering Azure"), // Azure (rec.)
        (ContentRefused, "*content management policy"), // Azure
        (ContentRefused, "*flagged as potentially violating our usage policy"), // OpenAI: invalid_prompt
        (ContentRefused, "*result of our safety system"), // OpenAI: images
        (ContentRefused, "*violate Google's Responsible AI practices"), // Vertex: with status 400 (rec.)
        (ContentRefused, "Content Exists Risk"), // DeepSeek: with status 400
        (ContentRefused, "*was rejected because it was considered high risk"), // Moonshot: with status 400
        (ContentRefused, "Content violates usage guidelines"), // xAI: with status 403
        (ContentRefused, "*Your input was flagged for"), // OpenRouter: with status 403
        (ContentRefused, "*Blocked by guardrail"), // Bedrock behind other gateways

        (ContextLength, "*maximum context length"), // OpenAI, OpenRouter (rec.), vLLM, Mistral, DeepSeek
        (ContextLength, "*exceeds the context window"), // OpenAI: Responses
        (ContextLength, "*context_length_exceeded"), // OpenAI's within another's error
        (ContextLength, "*prompt is too long"), // Anthropic
        (ContextLength, "*prompt too long"), // Ollama (rec.)
        (ContextLength, "*exceed context limit"), // Anthropic: "input length and `max_tokens` exceed context limit"
        (ContextLength, "*input is too long for requested model"), // Bedrock
        (ContextLength, "*input token count * exceeds the maximum"), // Gemini
        (ContextLength, "*maximum prompt length is"), // xAI
        (ContextLength, "*reduce the length of the messages"), // Groq, Cerebras
        (ContextLength, "*too many tokens"), // Cohere (rec.), Bedrock
        (ContextLength, "*total length of all messages is too long"), // Perplexity (rec.)
        (ContextLength, "*exceeds the available context size"), // llama.cpp (rec.)
        (ContextLength, "*greater than the context length"), // LM Studio
        (ContextLength, "*longer than the model's context length"), // SGLang
        (ContextLength, "*context window exceeds limit"), // MiniMax
        (ContextLength, "*exceeded model token limit"), // Moonshot
        (ContextLength, "*prompt token count of * exceeds the limit of"), // GitHub Copilot
        (ContextLength, "*`inputs` tokens + `max_new_tokens` must be <="), (ContextLength, "*`inputs` must have less than"), // TGI
        (ContextLength, "*Range of input length should be"), // DashScope

        (Unsupported, "*does not support"), (Unsupported, "*doesn't support"), // Bedrock (rec.), Ollama, OpenAI: "this model ..."
        (Unsupported, "*not supported with this model"), (Unsupported, "*not supported by this model"), // OpenAI (rec.)
        (Unsupported, "*not enabled for this model"), // Mistral (rec.)
        (Unsupported, "*unknown variant `image_url`, expected `text`"), (Unsupported, "*unknown variant `input_audio`, expected `text`"), // DeepSeek (rec.)
        (Unsupported, "*unknown variant `file`, expected `text`"), (Unsupported, "*unknown variant `video_url`, expected `text`"), // DeepSeek (rec.)
    ];

    /// <summary>A sentence that begins with the request's own words has one of these behind them.</summary>
    private static readonly SearchValues<string> Quotes = SearchValues.Create(
        ["Extra inputs are not permitted", "Unknown name", "Unknown parameter", "Unrecognized request argument", "unknown field"], StringComparison.OrdinalIgnoreCase);

    public static FailureKind? Of(ReadOnlySpan<char> sentence)
    {
        sentence = sentence.TrimStart();
        var mayQuote = sentence.ContainsAny(Quotes);
        foreach (var (kind, phrase) in Table)
        {
            if (Fits(sentence, phrase) && !(mayQuote && IsHeldAgainstTarget(kind)))
            {
                return kind;
            }
        }

        return null;
    }

    private static bool IsHeldAgainstTarget(FailureKind kind) => kind is not (ContextLength or Unsupported or ContentRefused or InvalidRequest);

    private static bool Fits(ReadOnlySpan<char> sentence, ReadOnlySpan<char> phrase)
    {
        if (phrase[0] == '@')
        {
            var word = sentence.IndexOf(' ');
            return word > 0 && sentence[word..].StartsWith(phrase[1..], StringComparison.OrdinalIgnoreCase);
        }

        var isAnywhere = phrase[0] == '*';
        foreach (var range in phrase[(isAnywhere ? 1 : 0)..].Split('*'))
        {
            var part = phrase[(isAnywhere ? 1 : 0)..][range];
            var at = sentence.IndexOf(part, StringComparison.OrdinalIgnoreCase);
            if (at < 0 || (at > 0 && !isAnywhere && range.Start.Value == 0))
            {
                return false;
            }

            sentence = sentence[(at + part.Length)..];
        }

        return true;
    }
}
