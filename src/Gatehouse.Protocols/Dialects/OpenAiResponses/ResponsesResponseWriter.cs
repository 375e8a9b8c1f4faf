using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Writes a <c>response</c> object, and errors.</summary>
internal static class ResponsesResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        if (response.Extensions is { Dialect: Dialect.OpenAiResponses })
        {
            WriteOwn(response, context, writer);
            return;
        }

        var choice = response.Choices.Count > 0 ? response.Choices[0] : new ChatChoice(0, [], null);
        var outcome = ResponsesOutcome.Of(choice.Stop, response.Dialect == Dialect.OpenAiResponses);
        var answer = new ResponsesAnswer(context)
        {
            Id = IdOf(response.Dialect, response.Id, context),
            Model = response.Model ?? context.Model,
            Created = response.Created ?? context.Created,
            ServiceTier = response.ServiceTier,
        };
        answer.Write(writer, outcome, WriteParts, response.Usage);

        void WriteParts(Utf8JsonWriter json) => WriteOutput(json, choice, context, outcome.Status == "incomplete" ? "incomplete" : "completed");
    }

    /// <summary>The id of an answer: its own provider's, or one that is made of the exchange's.</summary>
    public static string IdOf(Dialect? dialect, string? id, AnswerContext context) =>
        dialect == Dialect.OpenAiResponses && id is { Length: > 0 } ? id : $"resp_{context.Id}";

    /// <summary>The id of an item: its own, or one that is made of the answer's and its place.</summary>
    public static string ItemId(Part part, AnswerContext context, int index)
    {
        var own = part switch
        {
            ReasoningPart reasoning => reasoning.ItemId,
            ToolCallPart call => call.ItemId,
            _ => part.Item?.Id,
        };
        return own ?? $"{ResponsesItemWriter.PrefixOf(part)}_{context.Id}{index.ToString("00", CultureInfo.InvariantCulture)}";
    }

    public static void WriteError(ChatError error, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("type"u8, TypeOf(error.Kind));
        writer.WriteString("param"u8, error.Param);
        writer.WriteString("code"u8, error.Code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>OpenAI's word for a kind of error.</summary>
    public static string TypeOf(ChatErrorKind kind) => kind switch
    {
        ChatErrorKind.Authentication => "authentication_error",
        ChatErrorKind.Billing => "insufficient_quota",
        ChatErrorKind.Permission => "permission_error",
        ChatErrorKind.NotFound => "not_found_error",
        ChatErrorKind.RateLimit => "rate_limit_error",
        ChatErrorKind.Timeout => "timeout_error",
        ChatErrorKind.Overloaded or ChatErrorKind.Server => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>What the provider wrote, as it wrote it.</summary>
    private static void WriteOwn(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteOptional("id", response.Id);
        writer.WriteOptional("model", response.Model);
        writer.WriteOptional("service_tier", response.ServiceTier);
        var choice = response.Choices.Count > 0 ? response.Choices[0] : new ChatChoice(0, [], null);
        if (choice.Stop is { } stop)
        {
            ResponsesOutcome.Of(stop, isOwn: true).Write(writer);
        }

        writer.WritePropertyName("output"u8);
        WriteOutput(writer, choice, context, status: null);
        writer.WriteExtensions(response.Extensions, Dialect.OpenAiResponses);
        writer.WriteEndObject();
    }

    /// <param name="writer">At a place for a value.</param>
    /// <param name="choice">The answer.</param>
    /// <param name="context">Gives ids to items that have none.</param>
    /// <param name="status">Of the last item if it has none; null to write the items as they were.</param>
    private static void WriteOutput(Utf8JsonWriter writer, ChatChoice choice, AnswerContext context, string? status)
    {
        writer.WriteStartArray();
        var parts = ResponsesOutput.PartsOf(choice);
        var index = 0;
        for (var i = 0; i < parts.Count; index++)
        {
            var end = i + 1;
            while (ResponsesOutput.GoesOn(parts[i]) && end < parts.Count && ResponsesOutput.GoesOn(parts[end]) && parts[end].Item is null)
            {
                end++;
            }

            var id = status is null ? OwnId(parts[i]) : ItemId(parts[i], context, index);
            // What was cut off is the last item.
            var itemStatus = status is "incomplete" && end < parts.Count ? "completed" : status;
            ResponsesOutput.WriteItem(writer, CollectionsMarshal.AsSpan(parts)[i..end], id, itemStatus);
            i = end;
        }

        writer.WriteEndArray();
    }

    private static string? OwnId(Part part) => part switch
    {
        ReasoningPart reasoning => reasoning.ItemId,
        ToolCallPart call => call.ItemId,
        _ => part.Item?.Id,
    };
}
