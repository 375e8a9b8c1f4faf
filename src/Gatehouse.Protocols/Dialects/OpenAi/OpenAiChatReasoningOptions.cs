using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// How the model shall think, in the forms of OpenAI and its followers: <c>reasoning_effort</c> (OpenAI), <c>reasoning</c> (OpenRouter,
/// Vercel), <c>thinking</c> (DeepSeek, Z.ai, Moonshot), <c>enable_thinking</c> (Qwen).
/// </summary>
internal static class OpenAiChatReasoningOptions
{
    public const string Effort = "reasoning_effort";
    public const string Reasoning = "reasoning";
    public const string Thinking = "thinking";
    public const string EnableThinking = "enable_thinking";

    private static readonly HashSet<string> ReasoningMembers = new(StringComparer.Ordinal) { "effort", "max_tokens", "enabled", "exclude", "summary" };

    private static readonly HashSet<string> ThinkingMembers = new(StringComparer.Ordinal) { "type", "budget_tokens" };

    /// <summary>The first of the forms that is there; the others are kept as unknown members.</summary>
    public static ReasoningOptions? Read(JsonElement body, Dialect dialect)
    {
        if (body.Text(Effort) is { } effort)
        {
            return new ReasoningOptions { Name = Effort, Effort = effort, Mode = effort == "none" ? ReasoningMode.Disabled : ReasoningMode.Unspecified };
        }

        if (body.Object(Reasoning) is { } reasoning)
        {
            var word = reasoning.Text("effort");
            return new ReasoningOptions
            {
                Name = Reasoning,
                Effort = word,
                BudgetTokens = reasoning.Integer("max_tokens"),
                Mode = reasoning.Flag("enabled") is { } isEnabled ? ModeOf(isEnabled) : word == "none" ? ReasoningMode.Disabled : ReasoningMode.Unspecified,
                IncludeThoughts = !reasoning.Flag("exclude"),
                Summary = reasoning.Text("summary"),
                Extensions = reasoning.ExtensionsBeside(dialect, ReasoningMembers),
            };
        }

        if (body.Object(Thinking) is { } thinking && thinking.Text("type") is { } type)
        {
            return new ReasoningOptions
            {
                Name = Thinking,
                Mode = type switch { "disabled" => ReasoningMode.Disabled, "adaptive" or "auto" => ReasoningMode.Adaptive, _ => ReasoningMode.Enabled },
                BudgetTokens = thinking.Integer("budget_tokens"),
                Extensions = thinking.ExtensionsBeside(dialect, ThinkingMembers),
            };
        }

        return body.Flag(EnableThinking) is { } flag ? new ReasoningOptions { Name = EnableThinking, Mode = ModeOf(flag) } : null;
    }

    public static void Write(Utf8JsonWriter writer, ChatRequest request, RequestContext context, Dialect dialect)
    {
        if (request.Reasoning is not { } options)
        {
            return;
        }

        // A rule for "reasoning_effort" names the form that the target knows; otherwise the caller of the same dialect knows what it does.
        var ruled = context.Rules.NameOf(Effort);
        var name = ruled == Effort && request.Dialect == dialect && options.Name is { } own ? own : ruled;
        switch (name)
        {
            case Reasoning:
                WriteReasoning(writer, options, dialect);
                break;
            case Thinking:
                WriteThinking(writer, options, dialect);
                break;
            case EnableThinking:
                writer.WriteBoolean(EnableThinking, !IsOff(options));
                break;
            default:
                WriteEffort(writer, name, options, context, dialect, request.Dialect == dialect);
                break;
        }

        if (name != Reasoning)
        {
            if (options.Summary is not null)
            {
                context.Dropped.Add("reasoning.summary");
            }

            if (options.IncludeThoughts == false)
            {
                context.Dropped.Add("reasoning.exclude");
            }
        }

        if (name is Effort or EnableThinking || options.Extensions?.Dialect != dialect)
        {
            context.Dropped.Add(options.Extensions, name is Effort or EnableThinking ? Other(dialect) : dialect, $"{options.Name ?? Reasoning}.");
        }
    }

    private static void WriteReasoning(Utf8JsonWriter writer, ReasoningOptions options, Dialect dialect)
    {
        writer.WriteStartObject(Reasoning);
        writer.WriteOptional("effort", options.Effort);
        // OpenRouter takes one of the two.
        if (options.Effort is null)
        {
            writer.WriteOptional("max_tokens", options.BudgetTokens);
        }

        if (options.Mode is ReasoningMode.Disabled or ReasoningMode.Enabled && (options.Name == Reasoning || options is { Effort: null, BudgetTokens: null }))
        {
            writer.WriteBoolean("enabled", options.Mode == ReasoningMode.Enabled);
        }

        writer.WriteOptional("exclude", !options.IncludeThoughts);
        writer.WriteOptional("summary", options.Summary);
        writer.WriteExtensions(options.Extensions, dialect);
        writer.WriteEndObject();
    }

    private static void WriteThinking(Utf8JsonWriter writer, ReasoningOptions options, Dialect dialect)
    {
        writer.WriteStartObject(Thinking);
        writer.WriteString("type", IsOff(options) ? "disabled" : "enabled");
        if (options.Name == Thinking)
        {
            writer.WriteOptional("budget_tokens", options.BudgetTokens);
            writer.WriteExtensions(options.Extensions, dialect);
        }

        writer.WriteEndObject();
    }

    private static void WriteEffort(Utf8JsonWriter writer, string name, ReasoningOptions options, RequestContext context, Dialect dialect, bool isOwn)
    {
        var effort = options.Effort ?? options.Mode switch
        {
            ReasoningMode.Disabled => "none",
            _ when options.BudgetTokens is { } budget => ReasoningEffort.EffortOf(budget),
            ReasoningMode.Enabled => "medium",
            _ => null,
        };
        if (effort is null)
        {
            return;
        }

        // Mistral's specification: reasoning_effort is "high" or "none".
        writer.WriteOptional(name, dialect == Dialect.Mistral ? effort == "none" ? effort : "high"
            : isOwn ? effort
            : ReasoningRules.EffortFor(effort, context));
    }

    private static bool IsOff(ReasoningOptions options) => options.Mode == ReasoningMode.Disabled || options.Effort == "none";

    private static ReasoningMode ModeOf(bool isEnabled) => isEnabled ? ReasoningMode.Enabled : ReasoningMode.Disabled;

    /// <summary>Makes members of the own dialect count as foreign where there is no place for them.</summary>
    private static Dialect Other(Dialect dialect) => dialect == Dialect.OpenAiChat ? Dialect.Mistral : Dialect.OpenAiChat;
}
