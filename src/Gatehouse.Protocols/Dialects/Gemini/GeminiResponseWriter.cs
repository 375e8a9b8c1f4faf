using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes answers of <c>generateContent</c>, and errors.</summary>
internal static class GeminiResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        var isOwn = response.Dialect == Dialect.Gemini;
        var extensions = isOwn ? response.Extensions : null;
        writer.WriteStartObject();
        if (!(isOwn && IsBlocked(response)))
        {
            writer.WriteStartArray("candidates"u8);
            foreach (var choice in response.Choices)
            {
                WriteChoice(choice, isOwn, writer);
            }

            writer.WriteEndArray();
        }

        if (response.Usage is { } usage && !(extensions?.Members.Any(m => m.Name == "usageMetadata") ?? false))
        {
            GeminiUsageWriter.Write(writer, usage);
        }

        writer.WriteOptional("modelVersion", response.Model ?? (isOwn ? null : context.Model));
        writer.WriteOptional("responseId", response.Id ?? (isOwn ? null : context.Id));
        writer.WriteExtensions(extensions, Dialect.Gemini);
        writer.WriteEndObject();
    }

    /// <summary>The envelope of google.rpc.Status: <c>{"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT","details":[]}}</c>.</summary>
    public static void WriteError(ChatError error, Utf8JsonWriter writer)
    {
        // SDKs raise an error in a stream only for such a code.
        var status = error.Status is >= 400 and < 600 ? error.Status : 500;
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, status);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("status"u8, StatusOf(error, status));
        if ((error.Code ?? error.Param) is not null)
        {
            writer.WriteStartArray("details"u8);
            WriteDetails(error, writer);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteChoice(ChatChoice choice, bool isOwn, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("content"u8);
        if (choice.Parts.Count > 0)
        {
            writer.WriteStartArray("parts"u8);
            foreach (var part in choice.Parts)
            {
                GeminiAnswerPartWriter.Write(part, writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteString("role"u8, "model"u8);
        writer.WriteExtensions(choice.MessageExtensions, Dialect.Gemini);
        writer.WriteEndObject();
        if (choice.Stop is { } stop)
        {
            writer.WriteString("finishReason"u8, isOwn && stop.Raw is { } raw ? raw : GeminiStops.Write(stop.WithRefusal(choice.Parts.Any(part => part is RefusalPart))));
        }

        writer.WriteNumber("index"u8, choice.Index);
        var extensions = choice.Extensions is { Dialect: Dialect.Gemini } own ? own : null;
        if (choice.Logprobs is { } logprobs && !Has(extensions, "logprobsResult"))
        {
            GeminiLogprobs.Write(logprobs, writer);
        }

        if (!Has(extensions, "groundingMetadata"))
        {
            GeminiGrounding.Write(
                writer, [.. choice.Parts.OfType<TextPart>().SelectMany(t => t.Citations.Select(c => ((string?)t.Text, c)))]);
        }

        writer.WriteExtensions(extensions, Dialect.Gemini);
        writer.WriteEndObject();
    }

    private static bool Has(Extensions? extensions, string name) => extensions?.Members.Any(m => m.Name == name) ?? false;

    /// <summary>The one choice stands for a prompt that was refused, or for nothing at all.</summary>
    private static bool IsBlocked(ChatResponse response) =>
        response.Choices is [{ Parts.Count: 0, Extensions: null, MessageExtensions: null, Stop: { Reason: StopReason.ContentFilter or StopReason.Other } }]
        && (Has(response.Extensions, "promptFeedback") || response.Choices[0].Stop!.Raw is null);

    private static void WriteDetails(ChatError error, Utf8JsonWriter writer)
    {
        if (error.Code is { } code)
        {
            writer.WriteStartObject();
            writer.WriteString("@type"u8, "type.googleapis.com/google.rpc.ErrorInfo"u8);
            writer.WriteString("reason"u8, code);
            writer.WriteEndObject();
        }

        if (error.Param is { } param)
        {
            writer.WriteStartObject();
            writer.WriteString("@type"u8, "type.googleapis.com/google.rpc.BadRequest"u8);
            writer.WriteStartArray("fieldViolations"u8);
            writer.WriteStartObject();
            writer.WriteString("field"u8, param);
            writer.WriteString("description"u8, error.Message);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    /// <summary>The names of google.rpc.Code, by the HTTP statuses that its definition gives them.</summary>
    private static string StatusOf(ChatError error, int status) =>
        error.ProviderType is { Length: > 0 } own && own.All(c => c is (>= 'A' and <= 'Z') or '_') ? own : status switch
        {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 or 529 => "UNAVAILABLE",
            408 or 504 => "DEADLINE_EXCEEDED",
            402 or 412 => "FAILED_PRECONDITION",
            < 500 => "INVALID_ARGUMENT",
            _ => "INTERNAL",
        };
}
