using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// What stands in <c>additionalModelRequestFields</c>, which Bedrock hands to the model as it is: how many tokens to choose from, and how
/// to think. The forms are those of recordings: Claude's own (<c>thinking</c>, <c>output_config</c>, <c>top_k</c>, <c>tool_choice</c>),
/// Nova's <c>inferenceConfig.topK</c> and, from Nova 2, <c>reasoningConfig</c>, <c>reasoning_effort</c> of gpt-oss, and the word in
/// <c>reasoning_config</c> of Qwen. Other models are not told.
/// </summary>
internal sealed record BedrockModelFields
{
    private BedrockModelFamily Family { get; init; }

    private JsonElement? Own { get; init; }

    private long? TopK { get; init; }

    private BedrockThinking Thinking { get; init; } = BedrockThinking.None;

    /// <summary>Of the families but Claude: how much to think, in a word; <c>disabled</c> for Nova 2.</summary>
    private string? Effort { get; init; }

    private string? ToolChoice { get; init; }

    /// <summary>Claude thinks, and then takes no other temperature or choice of tokens than its own.</summary>
    public bool IsThinking => Thinking.IsOn;

    public static long? ReadTopK(JsonElement body) => body.Object(BedrockRequestReader.ModelFields) is { } fields
        ? fields.Integer("top_k") ?? fields.Object("inferenceConfig")?.Integer("topK")
        : null;

    public static ReasoningOptions? ReadReasoning(JsonElement body)
    {
        var effort = body.Object(BedrockRequestReader.OutputConfig)?.Text("effort");
        if (body.Object(BedrockRequestReader.ModelFields) is not { } fields)
        {
            return effort is null ? null : new ReasoningOptions { Effort = effort };
        }

        // Claude takes `reasoning_config` as another name of `thinking`.
        var thinking = fields.Object("thinking") ?? fields.Object("reasoning_config") ?? fields.Object("reasoningConfig");
        effort ??= fields.Object("output_config")?.Text("effort") ?? thinking?.Text("maxReasoningEffort") ?? fields.Text("reasoning_effort")
            ?? fields.Text("reasoning_config");
        if (thinking is null && effort is null)
        {
            return null;
        }

        return new ReasoningOptions
        {
            Mode = thinking?.Text("type") switch
            {
                "enabled" => ReasoningMode.Enabled,
                "disabled" => ReasoningMode.Disabled,
                "adaptive" => ReasoningMode.Adaptive,
                _ => ReasoningMode.Unspecified,
            },
            BudgetTokens = thinking?.Integer("budget_tokens"),
            Effort = effort,
        };
    }

    /// <param name="request">What is asked.</param>
    /// <param name="context">Whom; what the model cannot be told is noted.</param>
    /// <param name="family">The model's.</param>
    /// <param name="turns">The conversation as it will be written.</param>
    /// <param name="tools">The tools as they will be written.</param>
    public static BedrockModelFields Of(
        ChatRequest request, RequestContext context, BedrockModelFamily family, IReadOnlyList<ChatMessage> turns, BedrockToolPlan tools)
    {
        if (request.Dialect == Dialect.Bedrock)
        {
            return new BedrockModelFields { Own = BedrockRequestWriter.OwnMember(request, BedrockRequestReader.ModelFields) };
        }

        var fields = new BedrockModelFields { Family = family, TopK = request.TopK, ToolChoice = tools.NativeChoice };
        if (family == BedrockModelFamily.Claude)
        {
            fields = fields with { Thinking = BedrockThinking.Of(request, context, turns, tools.IsForced) };
        }
        else
        {
            fields = fields with { Effort = EffortOf(request.Reasoning, family, context.Dropped) };
        }

        if (fields.TopK is not null && (fields.IsThinking || !(family == BedrockModelFamily.Claude || family.IsNova())))
        {
            context.Dropped.Add("top_k");
            fields = fields with { TopK = null };
        }

        return fields;
    }

    /// <summary>Writes the member <c>additionalModelRequestFields</c>, if there is anything to say.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (Own is { } own)
        {
            writer.WritePropertyName(BedrockRequestReader.ModelFields);
            writer.WriteElement(own);
            return;
        }

        if (TopK is null && Effort is null && ToolChoice is null && !Thinking.IsTold)
        {
            return;
        }

        writer.WriteStartObject(BedrockRequestReader.ModelFields);
        WriteTopK(writer);
        Thinking.Write(writer);
        WriteEffort(writer);
        if (ToolChoice is not null)
        {
            writer.WriteStartObject("tool_choice"u8);
            writer.WriteString("type"u8, ToolChoice);
            if (ToolChoice == "auto")
            {
                writer.WriteBoolean("disable_parallel_tool_use"u8, true);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void WriteTopK(Utf8JsonWriter writer)
    {
        if (TopK is { } topK && Family.IsNova())
        {
            writer.WriteStartObject("inferenceConfig"u8);
            writer.WriteNumber("topK"u8, topK);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteOptional("top_k", TopK);
        }
    }

    private void WriteEffort(Utf8JsonWriter writer)
    {
        switch (Family)
        {
            case BedrockModelFamily.Nova2 when Effort is not null:
                writer.WriteStartObject("reasoningConfig"u8);
                writer.WriteString("type"u8, Effort == "disabled" ? "disabled"u8 : "enabled"u8);
                if (Effort != "disabled")
                {
                    writer.WriteString("maxReasoningEffort"u8, Effort);
                }

                writer.WriteEndObject();
                break;
            case BedrockModelFamily.Qwen:
                writer.WriteOptional("reasoning_config", Effort);
                break;
            default:
                writer.WriteOptional("reasoning_effort", Effort);
                break;
        }
    }

    private static string? EffortOf(ReasoningOptions? reasoning, BedrockModelFamily family, DroppedParameters dropped)
    {
        if (reasoning is null or { Mode: ReasoningMode.Unspecified, Effort: null, BudgetTokens: null })
        {
            return null;
        }

        var isOff = reasoning.Mode == ReasoningMode.Disabled || reasoning.Effort == "none" || reasoning.BudgetTokens == 0;
        switch (family)
        {
            case BedrockModelFamily.Nova2 when isOff:
                return "disabled";
            case BedrockModelFamily.Nova2 or BedrockModelFamily.GptOss or BedrockModelFamily.Qwen when !isOff:
                var effort = reasoning.Effort ?? (reasoning.BudgetTokens is { } budget ? ReasoningEffort.EffortOf(budget) : "medium");
                return ReasoningEffort.Nearest(effort, "low", "medium", "high");
            case BedrockModelFamily.Nova or BedrockModelFamily.Qwen when isOff:
                // Nova of the first generation never thinks; Qwen only when it is told to.
                return null;
            default:
                dropped.Add("reasoning_effort");
                return null;
        }
    }
}
