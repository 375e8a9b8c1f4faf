using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>
/// Writes requests. Besides the parameters' names, rules may have these traits: <c>think_levels</c> (the model takes words, as gpt-oss does,
/// where others take true or false), <c>reasoning_content</c> (thoughts without a signature go back).
/// </summary>
internal static class OllamaRequestWriter
{
    private const string OptionPrefix = OllamaRequestReader.Options;

    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Ollama);
        UnknownHints.Check(request, context.Dropped, Dialect.Ollama);
        writer.WriteStartObject();
        writer.WriteString("model", context.Model);
        new OllamaMessageWriter(writer, request, context).WriteAll();
        // It streams where nothing is said.
        writer.WriteBoolean("stream", request.IsStream);
        WriteTools(writer, request, context);
        WriteFormat(writer, request.ResponseFormat);
        WriteThink(writer, request, context);
        WriteOptions(writer, request);
        writer.WriteOptional("logprobs", request.Logprobs);
        writer.WriteOptional("top_logprobs", request.TopLogprobs);
        WriteExtensions(writer, request.Extensions);
        writer.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
    {
        if (request.ToolChoice is { Mode: ToolChoiceMode.Required, Names: var names })
        {
            // Whoever asks for a call relies on it; Ollama has no such promise.
            throw new UnsupportedException(names.Count == 1 ? $"tool_choice (function '{names[0]}')" : "tool_choice (required)");
        }

        if (request.Tools.OfType<FunctionTool>().Any(f => f.Strict is true))
        {
            context.Dropped.Add("strict");
        }

        // Tools that are not shown are not called.
        if (request.ToolChoice?.Mode != ToolChoiceMode.None)
        {
            FunctionTools.Write(writer, FunctionTools.Allowed(request), context.Dropped, Dialect.Ollama);
        }
    }

    private static void WriteFormat(Utf8JsonWriter writer, ResponseFormat? format)
    {
        switch (format)
        {
            case { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema }:
                writer.WriteOptional("format", schema);
                break;
            case { Kind: not ResponseFormatKind.Text }:
                writer.WriteString("format", "json");
                break;
        }
    }

    private static void WriteThink(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
    {
        if (request.Reasoning is not { } options)
        {
            return;
        }

        if (options.Mode == ReasoningMode.Disabled || options.Effort == "none" || options.BudgetTokens == 0)
        {
            writer.WriteBoolean("think", false);
            return;
        }

        var effort = options.Effort ?? (options.BudgetTokens is > 0 and var budget ? ReasoningEffort.EffortOf(budget) : null);
        if (effort is not null && request.Dialect == Dialect.Ollama)
        {
            writer.WriteString("think", effort);
        }
        else if (effort is not null && context.Rules.Has("think_levels"))
        {
            writer.WriteString("think", ReasoningEffort.Nearest(effort, "low", "medium", "high", "max"));
        }
        else if (effort is not null || options.Mode is ReasoningMode.Enabled or ReasoningMode.Adaptive)
        {
            writer.WriteBoolean("think", true);
            if (effort is not null)
            {
                // How much cannot be told.
                context.Dropped.Add(options.Effort is null ? "budget_tokens" : "reasoning_effort");
            }
        }
    }

    private static void WriteOptions(Utf8JsonWriter writer, ChatRequest request)
    {
        var own = request.Extensions is { Dialect: Dialect.Ollama, Members: var members }
            ? members.Where(m => m.Name.StartsWith(OptionPrefix, StringComparison.Ordinal)).ToList()
            : [];
        var stop = request.StopSequences is { Count: > 0 } ? request.StopSequences : null;
        var hasAny = own.Count > 0 || stop is not null || request.MaxOutputTokens is not null || request.Temperature is not null
            || request.TopP is not null || request.TopK is not null || request.Seed is not null || request.PresencePenalty is not null
            || request.FrequencyPenalty is not null;
        if (!hasAny)
        {
            return;
        }

        writer.WriteStartObject("options");
        writer.WriteOptional("num_predict", request.MaxOutputTokens);
        writer.WriteOptional("temperature", request.Temperature);
        writer.WriteOptional("top_p", request.TopP);
        writer.WriteOptional("top_k", request.TopK);
        writer.WriteOptional("seed", request.Seed);
        writer.WriteOptional("stop", stop);
        writer.WriteOptional("presence_penalty", request.PresencePenalty);
        writer.WriteOptional("frequency_penalty", request.FrequencyPenalty);
        foreach (var option in own)
        {
            writer.WritePropertyName(option.Name[OptionPrefix.Length..]);
            writer.WriteElement(option.Value);
        }

        writer.WriteEndObject();
    }

    private static void WriteExtensions(Utf8JsonWriter writer, Extensions? extensions)
    {
        if (extensions is not { Dialect: Dialect.Ollama })
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (!member.Name.StartsWith(OptionPrefix, StringComparison.Ordinal))
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }
    }
}
