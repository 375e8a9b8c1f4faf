using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>The tools that a request to Anthropic names, and the choice among them.</summary>
internal sealed class AnthropicTools
{
    private readonly IReadOnlyList<ToolDefinition> _tools;
    private readonly ToolChoice? _choice;

    private AnthropicTools(IReadOnlyList<ToolDefinition> tools, ToolChoice? choice)
    {
        _tools = tools;
        _choice = choice;
    }

    /// <exception cref="UnsupportedException">A tool, or the choice, is one that only another dialect knows.</exception>
    public static AnthropicTools Of(ChatRequest request)
    {
        for (var i = 0; i < request.Tools.Count; i++)
        {
            switch (request.Tools[i])
            {
                case CustomTool:
                    throw new UnsupportedException($"tools[{i}] (custom)");
                case OpaqueTool opaque when opaque.Dialect != Dialect.Anthropic:
                    throw new UnsupportedException($"tools[{i}] ({opaque.Type})");
            }
        }

        if (request.ToolChoice?.Opaque is { } choice && choice.Dialect != Dialect.Anthropic)
        {
            throw new UnsupportedException($"tool_choice ({choice.Type})");
        }

        if (request.Tools.Count == 0 && request.Dialect != Dialect.Anthropic)
        {
            // "Requests which include `tool_use` or `tool_result` blocks must define tools" (its 400).
            var names = Conversation.ToolNames(request.Messages).Values.Distinct(StringComparer.Ordinal).ToList();
            return names.Count == 0
                ? new AnthropicTools([], null)
                : new AnthropicTools([.. names.Select(n => new FunctionTool(n))], new ToolChoice(ToolChoiceMode.None));
        }

        return Restricts(request.ToolChoice)
            ? new AnthropicTools(request.ToolChoice!.Allowed(request.Tools, keepsNameless: false), request.ToolChoice)
            : new AnthropicTools(request.Tools, request.ToolChoice);
    }

    public void Write(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
    {
        if (_tools.Count > 0)
        {
            writer.WriteStartArray("tools"u8);
            for (var i = 0; i < _tools.Count; i++)
            {
                WriteTool(_tools[i], i, request.Dialect == Dialect.Anthropic, context, writer);
            }

            writer.WriteEndArray();
        }

        WriteChoice(request, context.Dropped, writer);
    }

    /// <summary>Anthropic can be told of one tool, or of any: a choice among some is one among only those tools.</summary>
    private static bool Restricts(ToolChoice? choice) => choice is { Opaque: null } && (choice.Names.Count > 1 || (choice.Names.Count == 1 && choice.Mode != ToolChoiceMode.Required));

    private static void WriteTool(ToolDefinition tool, int index, bool isOwn, RequestContext context, Utf8JsonWriter writer)
    {
        if (tool is OpaqueTool opaque)
        {
            writer.WriteElement(opaque.Value);
            return;
        }

        var function = (FunctionTool)tool;
        writer.WriteStartObject();
        writer.WriteString("name"u8, function.Name);
        writer.WriteOptional("description", function.Description);
        writer.WritePropertyName("input_schema"u8);
        if (isOwn && function.Parameters is { } schema)
        {
            writer.WriteElement(schema);
        }
        else
        {
            AnthropicSchema.WriteInput(writer, function.Parameters);
        }

        if (function.Strict is { } strict && (isOwn || strict))
        {
            if (context.Rules.Drop.Contains("strict", StringComparer.Ordinal))
            {
                context.Dropped.Add("strict");
            }
            else
            {
                writer.WriteBoolean("strict"u8, strict);
            }
        }

        if (function.Response is not null)
        {
            context.Dropped.Add($"tools[{index}].response");
        }

        AnthropicCacheControl.Write(writer, function.CacheControl);
        WriteExtensions(function.Extensions, index, context, writer);
        writer.WriteEndObject();
    }

    /// <summary>"tools.N.custom.defer_loading: Extra inputs are not permitted" (Bedrock's 400): rules can name members of a tool.</summary>
    private static void WriteExtensions(Extensions? extensions, int index, RequestContext context, Utf8JsonWriter writer)
    {
        context.Dropped.Add(extensions, Dialect.Anthropic, $"tools[{index}].");
        if (extensions is not { Dialect: Dialect.Anthropic })
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (context.Rules.Drop.Contains(member.Name, StringComparer.Ordinal))
            {
                context.Dropped.Add(member.Name);
            }
            else
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }
    }

    private void WriteChoice(ChatRequest request, DroppedParameters dropped, Utf8JsonWriter writer)
    {
        if (_choice?.Opaque is { } opaque)
        {
            writer.WritePropertyName("tool_choice"u8);
            writer.WriteElement(opaque.Value);
            return;
        }

        var isOwn = request.Dialect == Dialect.Anthropic;
        if (!isOwn && _tools.Count == 0)
        {
            return;
        }

        // True is what Anthropic does anyway.
        var parallel = isOwn || request.ParallelToolCalls is false ? request.ParallelToolCalls : null;
        if (_choice is null && parallel is null)
        {
            return;
        }

        if (_choice?.Mode == ToolChoiceMode.Validated)
        {
            dropped.Add("toolConfig.functionCallingConfig.mode");
        }

        var mode = _choice?.Mode ?? ToolChoiceMode.Auto;
        writer.WriteStartObject("tool_choice"u8);
        if (mode == ToolChoiceMode.Required && _choice!.Names is [var name])
        {
            writer.WriteString("type"u8, "tool"u8);
            writer.WriteString("name"u8, name);
        }
        else
        {
            writer.WriteString("type"u8, mode switch
            {
                ToolChoiceMode.None => "none"u8,
                ToolChoiceMode.Required => "any"u8,
                _ => "auto"u8,
            });
        }

        if (parallel is { } allowed && mode != ToolChoiceMode.None)
        {
            writer.WriteBoolean("disable_parallel_tool_use"u8, !allowed);
        }

        writer.WriteExtensions(_choice?.Extensions, Dialect.Anthropic);
        writer.WriteEndObject();
    }
}
