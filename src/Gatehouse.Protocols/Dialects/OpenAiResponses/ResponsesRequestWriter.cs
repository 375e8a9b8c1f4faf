using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes a request of <c>POST /v1/responses</c>.</summary>
internal static class ResponsesRequestWriter
{
    /// <summary>Members that OpenAI Chat has under the same names and with the same meaning, and the middle has no place for.</summary>
    private static readonly FrozenSet<string> SharedWithChat = FrozenSet.Create(
        StringComparer.Ordinal, "prompt_cache_retention", "prompt_cache_options");

    private const long MinOutputTokens = 16;

    /// <exception cref="UnsupportedException">The dialect cannot express something that changes the meaning.</exception>
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.OpenAiResponses);
        var isOwn = request.Dialect == Dialect.OpenAiResponses;
        NoteDropped(request, context.Dropped);
        writer.WriteStartObject();
        if (context.Model.Length > 0)
        {
            writer.WriteString("model"u8, context.Model);
        }

        new ResponsesInputWriter(request, context, writer).Write();
        ResponsesToolWriter.WriteTools(writer, request, context);
        ResponsesToolWriter.WriteChoice(writer, request);
        writer.WriteOptional("parallel_tool_calls", request.ParallelToolCalls);
        writer.WriteOptional("max_output_tokens", isOwn ? request.MaxOutputTokens : Limit(request, context.Dropped));
        writer.WriteOptional("temperature", request.Temperature);
        writer.WriteOptional("top_p", request.TopP);
        writer.WriteOptional("top_logprobs", request.TopLogprobs);
        ResponsesOptionsWriter.WriteText(writer, request);
        ResponsesOptionsWriter.WriteReasoning(writer, request, context);
        writer.WriteOptional("metadata", request.Metadata);
        writer.WriteOptional("prompt_cache_key", request.PromptCacheKey);
        writer.WriteOptional("user", request.User);
        writer.WriteOptional("safety_identifier", request.SafetyIdentifier);
        writer.WriteOptional("previous_response_id", request.PreviousResponseId);
        WriteServiceTier(writer, request, context.Dropped);
        if (isOwn)
        {
            writer.WriteOptional("store", request.Store);
        }
        else
        {
            // "store: boolean, default true" here, and no by default where the caller comes from; it sends its whole conversation anyway.
            writer.WriteBoolean("store"u8, request.Store ?? false);
            WriteInclude(writer, request);
        }

        if (request.IsStream)
        {
            writer.WriteBoolean("stream"u8, true);
        }

        writer.WriteExtensions(request.Extensions, Dialect.OpenAiResponses);
        WriteShared(request.Extensions, context.Dropped, writer);
        writer.WriteEndObject();
    }

    /// <summary>
    /// "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16" (OpenAI): a caller of another dialect, who asks for
    /// one token to see whether the model answers, could not know.
    /// </summary>
    private static long? Limit(ChatRequest request, DroppedParameters dropped)
    {
        if (request.MaxOutputTokens is not (> 0 and < MinOutputTokens))
        {
            return request.MaxOutputTokens;
        }

        dropped.Add(request.MaxOutputTokensName ?? "max_tokens");
        return MinOutputTokens;
    }

    private static void WriteShared(Extensions? extensions, DroppedParameters dropped, Utf8JsonWriter writer)
    {
        if (extensions?.Dialect != Dialect.OpenAiChat)
        {
            dropped.Add(extensions, Dialect.OpenAiResponses);
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (SharedWithChat.Contains(member.Name))
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
            else
            {
                dropped.Add(new Extensions(Dialect.OpenAiChat, [member]), Dialect.OpenAiResponses);
            }
        }
    }

    private static void NoteDropped(ChatRequest request, DroppedParameters dropped)
    {
        if (request.Candidates > 1)
        {
            throw new UnsupportedException("n");
        }

        foreach (var modality in request.Modalities ?? [])
        {
            if (modality != "text")
            {
                throw new UnsupportedException($"modalities ({modality})");
            }
        }

        Note(request.Candidates is not null, "n");
        Note(request.TopK is not null, "top_k");
        Note(request.PresencePenalty is not null, "presence_penalty");
        Note(request.FrequencyPenalty is not null, "frequency_penalty");
        Note(request.Seed is not null, "seed");
        Note(request.StopSequences is { Count: > 0 }, "stop");
        Note(request.LogitBias is not null, "logit_bias");
        Note(request.Audio is not null, "audio");
        Note(request.CacheControl is not null, "cache_control");

        void Note(bool isSet, string name)
        {
            if (isSet)
            {
                dropped.Add(name);
            }
        }
    }

    private static void WriteServiceTier(Utf8JsonWriter writer, ChatRequest request, DroppedParameters dropped)
    {
        if (request.Dialect is Dialect.OpenAiResponses or Dialect.OpenAiChat || request.ServiceTier is null or "auto" or "default" or "flex" or "priority")
        {
            writer.WriteOptional("service_tier", request.ServiceTier);
        }
        else
        {
            dropped.Add("service_tier");
        }
    }

    private static void WriteInclude(Utf8JsonWriter writer, ChatRequest request)
    {
        // Without a store the thoughts must come back with the next request, and are sent out only when asked for.
        var isReasoning = request.Reasoning is { Mode: not ReasoningMode.Disabled } and not { Effort: "none" };
        if (!isReasoning && request.Logprobs != true)
        {
            return;
        }

        writer.WriteStartArray("include"u8);
        if (isReasoning)
        {
            writer.WriteStringValue("reasoning.encrypted_content"u8);
        }

        if (request.Logprobs == true)
        {
            writer.WriteStringValue(ResponsesRequestReader.Logprobs);
        }

        writer.WriteEndArray();
    }
}
