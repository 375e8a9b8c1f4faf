using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// Writes requests to those who follow OpenAI's chat completions, Mistral too. Besides the parameters' names, rules may have these traits:
/// <c>no_stream_options</c>, <c>no_allowed_tools</c> (the tool list is cut instead), <c>no_json_schema</c> (json_object instead), <c>top_k</c>, <c>cache_control</c>,
/// <c>reasoning_content</c> (thoughts go back as text), <c>reasoning_details</c> (thoughts go back with signatures), <c>extra_content</c>
/// (Google's signatures of calls go back), <c>video_url</c>, <c>file_url</c>, <c>stop_4</c>, and those of <see cref="ReasoningRules.EffortFor"/>.
/// </summary>
internal static class OpenAiChatRequestWriter
{
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer, Dialect dialect)
    {
        request = ForeignRequest.Prepare(context.Apply(request), dialect);
        if (request.PreviousResponseId is not null)
        {
            throw new UnsupportedException("previous_response_id");
        }

        context.Dropped.Add(request.Extensions, dialect);
        var isOwn = request.Dialect == dialect;
        writer.WriteStartObject();
        if (context.Model.Length > 0)
        {
            writer.WriteString("model", context.Model);
        }

        new OpenAiChatMessageWriter(writer, request, context, dialect).WriteAll();
        WriteStream(writer, request, context, dialect);
        OpenAiChatTools.Write(writer, request, context, dialect);
        WriteSampling(writer, request, context, dialect, isOwn);
        WriteFormat(writer, request, context, dialect);
        OpenAiChatReasoningOptions.Write(writer, request, context, dialect);
        WriteHints(writer, request, context, dialect);
        WriteModalities(writer, request, dialect);
        if (dialect == Dialect.Mistral && isOwn)
        {
            // Its own callers may use what the specification does not have yet.
            writer.WriteOptional("top_k", request.TopK);
        }

        OpenAiChatContentWriter.WriteCacheControl(writer, request.CacheControl, request, context, dialect);
        WriteExtensions(writer, request.Extensions, dialect);
        writer.WriteEndObject();
    }

    private static void WriteStream(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (!request.IsStream)
        {
            return;
        }

        writer.WriteBoolean("stream", true);
        if (dialect == Dialect.Mistral || context.Rules.Has("no_stream_options"))
        {
            return;
        }

        // The gateway wants to know the usage of every stream, whether or not the caller does.
        writer.WriteStartObject("stream_options");
        writer.WriteBoolean("include_usage", true);
        if (OpenAiChatMembers.Kept(request.Extensions, dialect, "stream_options") is { ValueKind: JsonValueKind.Object } more)
        {
            foreach (var member in more.EnumerateObject())
            {
                if (member.Name != "include_usage")
                {
                    writer.WritePropertyName(member.Name);
                    writer.WriteElement(member.Value);
                }
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect, bool isOwn)
    {
        var isMistral = dialect == Dialect.Mistral;
        var limitName = isOwn && !isMistral ? request.MaxOutputTokensName ?? "max_tokens" : "max_tokens";
        writer.WriteOptional(context.Rules.NameOf(limitName), request.MaxOutputTokens);
        writer.WriteOptional("temperature", request.Temperature);
        writer.WriteOptional("top_p", request.TopP);
        if (!isMistral && (isOwn || context.Rules.Has("top_k")))
        {
            writer.WriteOptional("top_k", request.TopK);
        }
        else if (!isOwn && request.TopK is not null)
        {
            context.Dropped.Add("top_k");
        }

        writer.WriteOptional("presence_penalty", request.PresencePenalty);
        writer.WriteOptional("frequency_penalty", request.FrequencyPenalty);
        writer.WriteOptional(context.Rules.NameOf(isMistral ? "random_seed" : "seed"), request.Seed);
        if (request.StopSequences is { Count: > 0 } || isOwn)
        {
            // "stop: Up to 4 sequences" (OpenAI). One that is not told only makes an answer longer.
            writer.WriteOptional("stop", isOwn || !context.Rules.Has("stop_4") ? request.StopSequences : StopRules.First(4, request.StopSequences, context.Dropped));
        }

        writer.WriteOptional("n", request.Candidates);
        writer.WriteOptional("parallel_tool_calls", request.ParallelToolCalls);
        if (isMistral && !isOwn)
        {
            // Not in Mistral's specification, which takes no other members.
            Drop(context, "logprobs", request.Logprobs is not null);
            Drop(context, "top_logprobs", request.TopLogprobs is not null);
            Drop(context, "logit_bias", request.LogitBias is not null);
            return;
        }

        writer.WriteOptional("logprobs", request.Logprobs);
        writer.WriteOptional("top_logprobs", request.TopLogprobs);
        writer.WriteOptional("logit_bias", request.LogitBias);
    }

    private static void WriteFormat(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (request.ResponseFormat is not { } format)
        {
            return;
        }

        context.Dropped.Add(format.Extensions, dialect, "response_format.");
        writer.WriteStartObject("response_format");
        switch (format.Kind)
        {
            case ResponseFormatKind.JsonSchema when context.Rules.Has("no_json_schema"):
                context.Dropped.Add("response_format.json_schema");
                writer.WriteString("type", "json_object");
                break;
            case ResponseFormatKind.JsonSchema:
                writer.WriteString("type", "json_schema");
                writer.WriteStartObject("json_schema");
                // OpenAI wants a name; who wrote none in this dialect has a target that does not.
                writer.WriteOptional("name", format.Name ?? (request.Dialect == dialect ? null : "response"));
                writer.WriteOptional("description", format.Description);
                writer.WriteOptional("schema", format.Schema);
                writer.WriteOptional("strict", format.Strict);
                writer.WriteExtensions(format.Extensions, dialect);
                writer.WriteEndObject();
                break;
            default:
                writer.WriteString("type", format.Kind == ResponseFormatKind.JsonObject ? "json_object" : "text");
                writer.WriteExtensions(format.Extensions, dialect);
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteHints(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (dialect == Dialect.Mistral && request.Dialect != dialect)
        {
            Drop(context, "user", request.User is not null);
            Drop(context, "safety_identifier", request.SafetyIdentifier is not null);
            Drop(context, "service_tier", request.ServiceTier is not null);
            Drop(context, "verbosity", request.Verbosity is not null);
            Drop(context, "store", request.Store is not null);
        }
        else
        {
            writer.WriteOptional(context.Rules.NameOf("user"), request.User);
            writer.WriteOptional("safety_identifier", request.SafetyIdentifier);
            WriteServiceTier(writer, request, context, dialect);
            writer.WriteOptional("verbosity", request.Verbosity);
            writer.WriteOptional("store", request.Store);
        }

        if (request.Dialect == Dialect.OpenAiResponses && request.Metadata is not null && request.Store != true && dialect == Dialect.OpenAiChat)
        {
            // "The 'metadata' parameter is only allowed when 'store' is enabled" (OpenAI, chat completions).
            context.Dropped.Add("metadata");
        }
        else
        {
            writer.WriteOptional("metadata", request.Metadata);
        }

        writer.WriteOptional("prompt_cache_key", request.PromptCacheKey);
    }

    private static void WriteServiceTier(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (request.ServiceTier is not { } tier)
        {
            return;
        }

        if (request.Dialect == dialect || request.Dialect == Dialect.OpenAiResponses || tier is "auto" or "default" or "flex" or "priority")
        {
            writer.WriteString("service_tier", tier);
        }
        else
        {
            // Another dialect's word: Anthropic's standard_only, ...
            context.Dropped.Add("service_tier");
        }
    }

    private static void WriteModalities(Utf8JsonWriter writer, ChatRequest request, Dialect dialect)
    {
        if (dialect == Dialect.Mistral && request.Modalities?.Any(m => m != "text") == true)
        {
            throw new UnsupportedException("modalities");
        }

        if (dialect == Dialect.OpenAiChat && request.Dialect != dialect && request.Audio is null && request.Modalities?.Contains("audio", StringComparer.Ordinal) == true)
        {
            // "audio: Parameters for audio output. Required when audio output is requested with modalities: ["audio"]".
            throw new UnsupportedException("modalities (audio)");
        }

        if (dialect == Dialect.OpenAiChat)
        {
            writer.WriteOptional("modalities", request.Modalities);
            writer.WriteOptional("audio", request.Audio);
        }
    }

    private static void WriteExtensions(Utf8JsonWriter writer, Extensions? extensions, Dialect dialect)
    {
        if (extensions is null || extensions.Dialect != dialect)
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            // Written already.
            if (member.Name != "stream_options")
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }
    }

    private static void Drop(RequestContext context, string name, bool isThere)
    {
        if (isThere)
        {
            context.Dropped.Add(name);
        }
    }
}
