using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Which tools a request names, and how the model is told to choose. Bedrock has no "none": without calls in the conversation the tools
/// are left out. With them Bedrock wants the tools ("The toolConfig field must be defined when using toolUse and toolResult content
/// blocks"); Claude is then told <c>tool_choice: none</c> in its own words, other models only that the caller's choice is dropped, as a
/// refusal would end every agent's last turn.
/// </summary>
/// <param name="Tools">As they will be written; empty for no <c>toolConfig</c>.</param>
/// <param name="Choice">For <c>toolConfig.toolChoice</c>.</param>
/// <param name="NativeChoice">
/// For Claude's own <c>tool_choice.type</c>: <c>none</c>, or <c>auto</c> with <c>disable_parallel_tool_use</c>. Never beside
/// <paramref name="Choice"/>, which the service would refuse as a contradiction.
/// </param>
internal sealed record BedrockToolPlan(IReadOnlyList<ToolDefinition> Tools, ToolChoice? Choice, string? NativeChoice)
{
    private static readonly BedrockToolPlan Nothing = new([], null, null);

    public bool IsForced => Choice is { Mode: ToolChoiceMode.Required };

    /// <exception cref="UnsupportedException">A tool has no form here.</exception>
    public static BedrockToolPlan Of(ChatRequest request, RequestContext context, BedrockModelFamily family, IReadOnlyList<ChatMessage> turns)
    {
        var choice = request.ToolChoice;
        if (request.Dialect == Dialect.Bedrock)
        {
            var own = request.Tools.Count > 0 ? request.Tools : OfHistory(turns);
            return own.Count == 0 ? Nothing : new BedrockToolPlan(own, choice, null);
        }

        if (choice?.Opaque is { } opaque)
        {
            throw new UnsupportedException($"tool_choice ({opaque.Type})");
        }

        var history = OfHistory(turns);
        var tools = Allowed(Checked(request, context), choice);
        if (request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema } format && context.Rules.Has(BedrockAnswerTool.Trait))
        {
            // It must be called, or one of the others, after whose result the model is asked again.
            var others = choice is { Mode: ToolChoiceMode.None } ? [] : tools;
            var required = new ToolChoice(ToolChoiceMode.Required) { Names = others.Count == 0 ? [BedrockAnswerTool.Name] : [] };
            return new BedrockToolPlan([.. others, BedrockAnswerTool.Of(format)], required, null);
        }

        if (tools.Count == 0 || (choice is { Mode: ToolChoiceMode.None } && history.Count == 0))
        {
            return history.Count == 0 ? Nothing : new BedrockToolPlan(history, null, NoneOrNull(choice, family, context.Dropped));
        }

        if (choice is { Mode: ToolChoiceMode.None })
        {
            return new BedrockToolPlan(tools, null, NoneOrNull(choice, family, context.Dropped));
        }

        var told = choice is { Mode: ToolChoiceMode.Required } ? choice : null;
        string? native = null;
        if (request.ParallelToolCalls == false)
        {
            native = family == BedrockModelFamily.Claude && told is null ? "auto" : null;
            if (native is null)
            {
                context.Dropped.Add("parallel_tool_calls");
            }
        }

        return new BedrockToolPlan(tools, told, native);
    }

    private static string? NoneOrNull(ToolChoice? choice, BedrockModelFamily family, DroppedParameters dropped)
    {
        if (choice is not { Mode: ToolChoiceMode.None })
        {
            return null;
        }

        if (family == BedrockModelFamily.Claude)
        {
            return "none";
        }

        dropped.Add("tool_choice");
        return null;
    }

    private static List<ToolDefinition> Checked(ChatRequest request, RequestContext context)
    {
        var tools = new List<ToolDefinition>(request.Tools.Count);
        for (var i = 0; i < request.Tools.Count; i++)
        {
            var tool = request.Tools[i];
            switch (tool)
            {
                case FunctionTool function:
                    if (function.Response is not null)
                    {
                        context.Dropped.Add($"tools[{i}].response");
                    }

                    if (function.Strict is true && context.Rules.Drop.Contains("strict", StringComparer.Ordinal))
                    {
                        context.Dropped.Add("strict");
                        tool = function with { Strict = null };
                    }

                    break;
                case CustomTool custom:
                    throw new UnsupportedException($"tools[{i}] (custom tool '{custom.Name}')");
                case OpaqueTool { Dialect: not Dialect.Bedrock } opaque:
                    throw new UnsupportedException($"tools[{i}] ({opaque.Type})");
            }

            context.Dropped.Add(tool.Extensions, Dialect.Bedrock, $"tools[{i}].");
            tools.Add(tool);
        }

        return tools;
    }

    /// <summary>Only some of the tools may be used: the others are not told. One that must be is chosen by its name.</summary>
    private static IReadOnlyList<ToolDefinition> Allowed(List<ToolDefinition> tools, ToolChoice? choice) =>
        choice is null or { Mode: ToolChoiceMode.Required, Names.Count: 1 } ? tools : choice.Allowed(tools, keepsNameless: true);

    /// <summary>The tools that the conversation has called, for requests that do not describe them any more.</summary>
    private static List<ToolDefinition> OfHistory(IReadOnlyList<ChatMessage> turns)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tools = new List<ToolDefinition>();
        var hasResults = false;
        foreach (var turn in turns)
        {
            foreach (var part in turn.Parts)
            {
                hasResults |= part is ToolResultPart;
                if (part is ToolCallPart call && names.Add(call.Name))
                {
                    tools.Add(new FunctionTool(call.Name));
                }
            }
        }

        if (hasResults && tools.Count == 0)
        {
            tools.Add(new FunctionTool("unknown"));
        }

        return tools;
    }
}
