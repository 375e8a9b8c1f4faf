using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes <c>generationConfig</c>.</summary>
internal static class GeminiConfigWriter
{
    /// <summary>The most that every model that takes a budget takes: "0 to 24576" of Gemini 2.5 Flash (Pro: 128 to 32768).</summary>
    private const long MaxBudget = 24_576;

    /// <summary>The least of Gemini 2.5 Pro, which cannot do without thinking.</summary>
    private const long MinBudget = 128;

    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (IsEmpty(request))
        {
            return;
        }

        writer.WriteStartObject("generationConfig"u8);
        writer.WriteOptional("maxOutputTokens", request.MaxOutputTokens);
        writer.WriteOptional("temperature", request.Temperature);
        writer.WriteOptional("topP", request.TopP);
        writer.WriteOptional("topK", request.TopK);
        writer.WriteOptional("candidateCount", request.Candidates);
        // "stopSequences: The set of character sequences (up to 5) that will stop output generation."
        writer.WriteOptional("stopSequences", request.Dialect == Dialect.Gemini ? request.StopSequences
            : request.StopSequences is { Count: > 0 } stop ? StopRules.First(5, stop, context.Dropped) : null);
        writer.WriteOptional("seed", request.Seed);
        writer.WriteOptional("presencePenalty", request.PresencePenalty);
        writer.WriteOptional("frequencyPenalty", request.FrequencyPenalty);
        writer.WriteOptional("responseLogprobs", request.Logprobs);
        writer.WriteOptional("logprobs", request.TopLogprobs);
        WriteModalities(request, writer);
        WriteFormat(request, context, writer);
        WriteThinking(request, context, writer);
        GeminiContentWriter.WriteExtensions(writer, request.Extensions, GeminiConfigReader.Prefix);
        writer.WriteEndObject();
    }

    private static bool IsEmpty(ChatRequest request) =>
        request is
        {
            MaxOutputTokens: null, Temperature: null, TopP: null, TopK: null, Candidates: null, StopSequences: null, Seed: null,
            PresencePenalty: null, FrequencyPenalty: null, Logprobs: null, TopLogprobs: null, Modalities: null, ResponseFormat: null, Reasoning: null,
        }
        && !(request.Extensions is { Dialect: Dialect.Gemini } extensions
            && extensions.Members.Any(m => m.Name.StartsWith(GeminiConfigReader.Prefix, StringComparison.Ordinal)));

    private static void WriteModalities(ChatRequest request, Utf8JsonWriter writer)
    {
        if (request.Modalities is not { } modalities)
        {
            return;
        }

        if (request.Dialect != Dialect.Gemini && modalities.Any(m => m is not ("text" or "image")))
        {
            throw new UnsupportedException("modalities (audio)");
        }

        writer.WriteOptional("responseModalities", [.. modalities.Select(m => m.ToUpperInvariant())]);
    }

    private static void WriteFormat(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (request.ResponseFormat is not { } format)
        {
            return;
        }

        if (format.Kind == ResponseFormatKind.Text)
        {
            // The default; OpenAI's clients say it often.
            writer.WriteOptional("responseMimeType", request.Dialect == Dialect.Gemini ? "text/plain" : null);
            return;
        }

        writer.WriteString("responseMimeType"u8, "application/json"u8);
        context.Dropped.Add(format.Extensions, Dialect.Gemini, "response_format.");
        if (format.Description is not null)
        {
            context.Dropped.Add("response_format.description");
        }

        if (format.OpenApiSchema is { } openApi)
        {
            writer.WriteOptional("responseSchema", openApi);
        }
        else if (format.Schema is { } schema && context.Rules.Has("response_schema"))
        {
            writer.WritePropertyName("responseSchema"u8);
            new GeminiSchemaReducer(schema, "response_format.schema", mustBeObject: false, context.Dropped).Write(writer);
        }
        else
        {
            writer.WriteOptional("responseJsonSchema", format.Schema);
        }
    }

    private static void WriteThinking(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (request.Reasoning is not { } reasoning)
        {
            return;
        }

        context.Dropped.Add(reasoning.Extensions, Dialect.Gemini, "reasoning.");
        writer.WriteStartObject("thinkingConfig"u8);
        writer.WriteOptional("includeThoughts", reasoning.IncludeThoughts);
        if (request.Dialect == Dialect.Gemini)
        {
            writer.WriteOptional("thinkingLevel", reasoning.Effort?.ToUpperInvariant());
            writer.WriteOptional("thinkingBudget", reasoning.Mode == ReasoningMode.Adaptive ? -1 : reasoning.BudgetTokens);
        }
        else if (context.Rules.Has("thinking_level"))
        {
            WriteLevel(reasoning, context, writer);
        }
        else
        {
            WriteBudget(reasoning, context, writer);
        }

        writer.WriteExtensions(reasoning.Extensions, Dialect.Gemini);
        writer.WriteEndObject();
    }

    /// <summary>Gemini 3 is told a level, and cannot be kept from thinking.</summary>
    private static void WriteLevel(ReasoningOptions reasoning, RequestContext context, Utf8JsonWriter writer)
    {
        var effort = reasoning.Mode == ReasoningMode.Disabled ? "none"
            : reasoning.Effort ?? (reasoning.BudgetTokens is { } budget ? ReasoningEffort.EffortOf(budget) : null);
        if (effort is null)
        {
            return;
        }

        if (effort == "none")
        {
            context.Dropped.Add("reasoning_effort");
        }

        var level = context.Rules.Has("thinking_minimal")
            ? ReasoningEffort.Nearest(effort, "minimal", "low", "medium", "high")
            : ReasoningEffort.Nearest(effort, "low", "medium", "high");
        writer.WriteString("thinkingLevel"u8, level.ToUpperInvariant());
    }

    private static void WriteBudget(ReasoningOptions reasoning, RequestContext context, Utf8JsonWriter writer)
    {
        long? budget = reasoning.Mode switch
        {
            ReasoningMode.Disabled => 0,
            _ when reasoning.BudgetTokens is { } tokens => Math.Clamp(tokens, 0, MaxBudget),
            _ when reasoning.Effort is { } effort => Math.Min(ReasoningEffort.BudgetOf(effort), MaxBudget),
            ReasoningMode.Adaptive => -1,
            _ => null,
        };
        if (budget == 0 && context.Rules.Has("thinking_required"))
        {
            context.Dropped.Add("reasoning_effort");
            budget = MinBudget;
        }

        writer.WriteOptional("thinkingBudget", budget);
    }
}
