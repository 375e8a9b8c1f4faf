using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

internal static class CohereRequestWriter
{
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Cohere);
        UnknownHints.Check(request, context.Dropped, Dialect.Cohere);
        var isOwn = request.Dialect == Dialect.Cohere;
        writer.WriteStartObject();
        writer.WriteString("model", context.Model);
        var messages = new CohereMessageWriter(writer, request, context);
        messages.WriteAll();
        messages.WriteDocuments();
        if (request.IsStream || !isOwn)
        {
            writer.WriteBoolean("stream", request.IsStream);
        }

        WriteTools(writer, request, context, isOwn);
        writer.WriteOptional("max_tokens", request.MaxOutputTokens);
        writer.WriteOptional("temperature", request.Temperature);
        WriteSampling(writer, request, context.Dropped, isOwn);
        if (request.StopSequences is { Count: > 0 } || isOwn)
        {
            writer.WriteOptional("stop_sequences", request.StopSequences);
        }

        writer.WriteOptional("seed", request.Seed);
        writer.WriteOptional("logprobs", request.Logprobs);
        if (request.TopLogprobs > 0)
        {
            context.Dropped.Add("top_logprobs");
        }

        WriteFormat(writer, request.ResponseFormat, isOwn);
        WriteThinking(writer, request.Reasoning);
        writer.WriteExtensions(request.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter writer, ChatRequest request, RequestContext context, bool isOwn)
    {
        var tools = FunctionTools.Allowed(request);
        FunctionTools.Write(writer, tools, context.Dropped, Dialect.Cohere);
        WriteStrict(writer, tools, context, isOwn);
        if (request.ToolChoice is not { } choice)
        {
            return;
        }

        if (choice.Opaque is { } own)
        {
            writer.WriteOptional("tool_choice", own.Value);
        }
        else if (choice.Mode == ToolChoiceMode.Required)
        {
            // "the tools parameter must be passed in the request"; a choice of one tool leaves the model no other.
            writer.WriteString("tool_choice", "REQUIRED");
        }
        else if (choice.Mode == ToolChoiceMode.None && (tools.Count > 0 || isOwn))
        {
            writer.WriteString("tool_choice", "NONE");
        }
    }

    /// <summary>Cohere's is about all tools, each of which must then have a required parameter (docs.cohere.com, Structured Outputs).</summary>
    private static void WriteStrict(Utf8JsonWriter writer, IReadOnlyList<ToolDefinition> tools, RequestContext context, bool isOwn)
    {
        var functions = tools.OfType<FunctionTool>().ToList();
        if (functions.Count == 0 || functions.TrueForAll(f => f.Strict is null))
        {
            return;
        }

        if (isOwn)
        {
            writer.WriteBoolean("strict_tools", functions[0].Strict is true);
            return;
        }

        var canBeStrict = !context.Rules.Drop.Contains("strict", StringComparer.Ordinal)
            && functions.TrueForAll(f => f.Strict is true && f.Parameters?.Array("required") is { } required && required.GetArrayLength() > 0);
        if (canBeStrict)
        {
            writer.WriteBoolean("strict_tools", true);
        }
        else if (functions.Exists(f => f.Strict is true))
        {
            context.Dropped.Add("strict");
        }
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, DroppedParameters dropped, bool isOwn)
    {
        if (isOwn)
        {
            writer.WriteOptional("p", request.TopP);
            writer.WriteOptional("k", request.TopK);
            writer.WriteOptional("frequency_penalty", request.FrequencyPenalty);
            writer.WriteOptional("presence_penalty", request.PresencePenalty);
            return;
        }

        // "min value of 0.01, max value of 0.99", and 0.75 where nothing is said: 1, which elsewhere is the default, must not become that.
        writer.WriteOptional("p", request.TopP is { } p ? Math.Clamp(p, 0.01, 0.99) : null);
        WriteWithin("k", "top_k", request.TopK, 500);
        WriteWithin("frequency_penalty", "frequency_penalty", request.FrequencyPenalty, 1);
        WriteWithin("presence_penalty", "presence_penalty", request.PresencePenalty, 1);

        // Cohere refuses what is outside: it is a hint, and dropped.
        void WriteWithin(string name, string callersName, double? value, double max)
        {
            if (value is >= 0 && value <= max)
            {
                writer.WriteOptional(name, value);
            }
            else if (value is not null)
            {
                dropped.Add(callersName);
            }
        }
    }

    private static void WriteFormat(Utf8JsonWriter writer, ResponseFormat? format, bool isOwn)
    {
        if (format is null || (format.Kind == ResponseFormatKind.Text && !isOwn))
        {
            return;
        }

        writer.WriteStartObject("response_format");
        writer.WriteString("type", format.Kind == ResponseFormatKind.Text ? "text" : "json_object");
        if (format.Kind == ResponseFormatKind.JsonSchema)
        {
            writer.WriteOptional("json_schema", format.Schema);
        }

        writer.WriteEndObject();
    }

    private static void WriteThinking(Utf8JsonWriter writer, ReasoningOptions? options)
    {
        if (options is null)
        {
            return;
        }

        var isOff = options.Mode == ReasoningMode.Disabled || options.Effort == "none" || options.BudgetTokens == 0;
        if (!isOff && options is { Mode: ReasoningMode.Unspecified, Effort: null, BudgetTokens: null })
        {
            return;
        }

        writer.WriteStartObject("thinking");
        writer.WriteString("type", isOff ? "disabled" : "enabled");
        if (!isOff)
        {
            // "which must be set to a positive integer"; a budget of -1 is Gemini's word for the model's own choice.
            var budget = options.BudgetTokens ?? (options.Effort is { } effort ? ReasoningEffort.BudgetOf(effort) : null);
            writer.WriteOptional("token_budget", budget > 0 ? budget : null);
        }

        writer.WriteExtensions(options.Extensions, Dialect.Cohere);
        writer.WriteEndObject();
    }
}
