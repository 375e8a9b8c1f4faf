using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes <c>text</c> and <c>reasoning</c>: of a request, and of its echo in an answer.</summary>
internal static class ResponsesOptionsWriter
{
    public static void WriteText(Utf8JsonWriter writer, ChatRequest request)
    {
        var isKeptWhole = request.Extensions is { Dialect: Dialect.OpenAiResponses } own && own.Members.Any(m => m.Name == "text");
        if (isKeptWhole || (request.ResponseFormat is null && request.Verbosity is null))
        {
            return;
        }

        writer.WriteStartObject("text"u8);
        if (request.ResponseFormat is { } format)
        {
            WriteFormat(writer, format, request.Dialect);
        }

        writer.WriteOptional("verbosity", request.Verbosity);
        writer.WriteEndObject();
    }

    public static void WriteFormat(Utf8JsonWriter writer, ResponseFormat format, Dialect dialect)
    {
        writer.WriteStartObject("format"u8);
        switch (format)
        {
            case { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema }:
                writer.WriteString("type"u8, "json_schema"u8);
                // Required here; not every dialect has one.
                writer.WriteOptional("name", format.Name ?? (dialect == Dialect.OpenAiResponses ? null : "answer"));
                writer.WriteOptional("description", format.Description);
                writer.WritePropertyName("schema"u8);
                writer.WriteElement(schema);
                writer.WriteOptional("strict", format.Strict);
                break;
            case { Kind: ResponseFormatKind.Text }:
                writer.WriteString("type"u8, "text"u8);
                break;
            default:
                writer.WriteString("type"u8, "json_object"u8);
                break;
        }

        writer.WriteExtensions(format.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    public static void WriteReasoning(Utf8JsonWriter writer, ChatRequest request, RequestContext context)
    {
        if (request.Reasoning is not { } reasoning)
        {
            return;
        }

        var isOwn = request.Dialect == Dialect.OpenAiResponses;
        var effort = isOwn ? reasoning.Effort : EffortOf(reasoning) is { } asked ? ReasoningRules.EffortFor(asked, context) : null;
        var summary = reasoning.Summary ?? (!isOwn && reasoning.IncludeThoughts == true ? "auto" : null);
        if (!isOwn && effort is null && summary is null)
        {
            return;
        }

        writer.WriteStartObject("reasoning"u8);
        writer.WriteOptional("effort", effort);
        writer.WriteOptional("summary", summary);
        writer.WriteExtensions(reasoning.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    private static string? EffortOf(ReasoningOptions reasoning) =>
        reasoning.Effort is { } effort ? effort
        : reasoning.Mode == ReasoningMode.Disabled ? "none"
        : reasoning.BudgetTokens is { } budget && reasoning.Mode != ReasoningMode.Adaptive ? ReasoningEffort.EffortOf(budget)
        : null;
}
