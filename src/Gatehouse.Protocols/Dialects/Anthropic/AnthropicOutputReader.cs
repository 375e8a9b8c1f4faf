using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads how the model shall think, and what form its answer must have.</summary>
internal static class AnthropicOutputReader
{
    private static readonly FrozenSet<string> ThinkingMembers = ["budget_tokens"];
    private static readonly FrozenSet<string> FormatMembers = ["type", "schema"];

    public static ReasoningOptions? ReadReasoning(JsonElement body)
    {
        var thinking = body.Object("thinking");
        var effort = body.Object("output_config")?.Text("effort");
        if (thinking is not { } options)
        {
            return effort is null ? null : new ReasoningOptions { Effort = effort };
        }

        var type = options.Text("type");
        return new ReasoningOptions
        {
            Mode = type switch
            {
                "enabled" => ReasoningMode.Enabled,
                "disabled" => ReasoningMode.Disabled,
                // between_tools (2026-10-21) thinks as much as the model likes, at certain places.
                "adaptive" or "between_tools" => ReasoningMode.Adaptive,
                _ => ReasoningMode.Unspecified,
            },
            Effort = effort,
            BudgetTokens = options.Integer("budget_tokens"),
            IncludeThoughts = options.Text("display") switch
            {
                "summarized" => true,
                "omitted" => false,
                _ => null,
            },
            Extensions = ReadExtensions(options),
        };
    }

    /// <summary>A type, or a display, that the neutral options do not tell goes back to Anthropic as it came.</summary>
    private static Extensions? ReadExtensions(JsonElement thinking)
    {
        if (thinking.ExtensionsBeside(Dialect.Anthropic, ThinkingMembers) is not { } all)
        {
            return null;
        }

        return Extensions.Of(Dialect.Anthropic, [.. all.Members.Where(m => m.Name switch
        {
            "type" => thinking.Text("type") is not ("enabled" or "disabled" or "adaptive"),
            "display" => thinking.Text("display") is not ("summarized" or "omitted"),
            _ => true,
        })]);
    }

    public static ResponseFormat? ReadFormat(JsonElement body)
    {
        if (body.Object("output_config")?.Object("format") is { } format)
        {
            return ReadFormat(format, format.ExtensionsBeside(Dialect.Anthropic, FormatMembers));
        }

        // The place of the beta structured-outputs-2025-11-13; it goes back there.
        return body.Object("output_format") is { } older
            ? ReadFormat(older, new Extensions(Dialect.Anthropic, [new Extension("output_format", older)]))
            : null;
    }

    private static ResponseFormat ReadFormat(JsonElement format, Extensions? extensions) => format.Text("type") == "json_schema"
        ? new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = format.Object("schema"), Strict = true, Extensions = extensions }
        : throw new MalformedException("output_config.format.type", "the type of an output format is \"json_schema\"");
}
