using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Writes the <c>response</c> object around an output: every member that the specifications require (OpenAI 2.3.0, Response; Open
/// Responses 2026-04-24, ResponseResource), with what was asked repeated.
/// </summary>
internal sealed class ResponsesAnswer(AnswerContext context)
{
    public required string Id { get; init; }

    public required string Model { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    public string? ServiceTier { get; init; }

    /// <param name="writer">At a place for a value.</param>
    /// <param name="outcome">How it ended, or that it did not yet.</param>
    /// <param name="writeOutput">Writes the list of items.</param>
    /// <param name="usage">Null while it is not known.</param>
    /// <param name="error">Why it failed.</param>
    public void Write(Utf8JsonWriter writer, ResponsesOutcome outcome, Action<Utf8JsonWriter> writeOutput, Usage? usage, ChatError? error = null)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        writer.WriteString("object"u8, "response"u8);
        writer.WriteNumber("created_at"u8, Created);
        outcome.Write(writer);
        if (error is null)
        {
            writer.WriteNull("error"u8);
        }
        else
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, error.Code ?? ResponsesResponseWriter.TypeOf(error.Kind));
            writer.WriteString("message"u8, error.Message);
            writer.WriteEndObject();
        }

        writer.WriteString("model"u8, Model);
        writer.WritePropertyName("output"u8);
        writeOutput(writer);
        WriteUsage(writer, usage);
        WriteEcho(writer, context.Request);
        writer.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter writer, Usage? usage)
    {
        if (usage is null)
        {
            writer.WriteNull("usage"u8);
            return;
        }

        var input = (usage.InputTokens ?? 0) + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, input);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CacheReadTokens ?? 0);
        writer.WriteOptional("cache_write_tokens", usage.CacheWriteTokens);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, usage.OutputTokens ?? 0);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens ?? 0);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, input + (usage.OutputTokens ?? 0));
        writer.WriteEndObject();
    }

    private void WriteEcho(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteBoolean("background"u8, value: false);
        // "Only present when the status is completed", and this project has no clock.
        writer.WriteNull("completed_at"u8);
        writer.WriteString("instructions"u8, request.Messages is [{ Role: Role.System, Parts: [TextPart { Item: null } text] }, ..] ? text.Text : null);
        WriteNumberOrNull(writer, "max_output_tokens", request.MaxOutputTokens);
        WriteNumberOrNull(writer, "max_tool_calls", null);
        writer.WriteBoolean("parallel_tool_calls"u8, request.ParallelToolCalls ?? true);
        writer.WriteString("previous_response_id"u8, request.PreviousResponseId);
        writer.WriteString("prompt_cache_key"u8, request.PromptCacheKey);
        WriteReasoning(writer, request);
        writer.WriteString("safety_identifier"u8, request.SafetyIdentifier);
        writer.WriteString("service_tier"u8, ServiceTier ?? request.ServiceTier ?? "default");
        writer.WriteBoolean("store"u8, request.Store ?? true);
        writer.WriteNumber("temperature"u8, request.Temperature ?? 1);
        writer.WriteNumber("top_p"u8, request.TopP ?? 1);
        writer.WriteNumber("presence_penalty"u8, request.PresencePenalty ?? 0);
        writer.WriteNumber("frequency_penalty"u8, request.FrequencyPenalty ?? 0);
        writer.WriteNumber("top_logprobs"u8, request.TopLogprobs ?? 0);
        writer.WriteString("truncation"u8, "disabled"u8);
        writer.WriteString("user"u8, request.User);
        WriteText(writer, request);
        WriteTools(writer, request);
        writer.WritePropertyName("metadata"u8);
        if (request.Metadata is { } metadata)
        {
            writer.WriteElement(metadata);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
    }

    private static void WriteReasoning(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteStartObject("reasoning"u8);
        writer.WriteString("effort"u8, request.Reasoning?.Effort);
        writer.WriteString("summary"u8, request.Reasoning?.Summary);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteStartObject("text"u8);
        ResponsesOptionsWriter.WriteFormat(writer, request.ResponseFormat ?? new ResponseFormat(ResponseFormatKind.Text), request.Dialect);
        writer.WriteString("verbosity"u8, request.Verbosity ?? "medium");
        writer.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.ToolChoice is null or { Opaque.Dialect: not Dialect.OpenAiResponses })
        {
            writer.WriteString("tool_choice"u8, "auto"u8);
        }
        else
        {
            ResponsesToolWriter.WriteChoice(writer, request);
        }

        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
        {
            if (tool is not OpaqueTool { Dialect: not Dialect.OpenAiResponses })
            {
                ResponsesToolWriter.WriteTool(writer, tool, request.Dialect);
            }
        }

        writer.WriteEndArray();
    }

    private static void WriteNumberOrNull(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
