using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Reads answers of <c>generateContent</c>, and errors.</summary>
internal static class GeminiResponseReader
{
    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        if (body.ValueKind != JsonValueKind.Object || !IsAnswer(body))
        {
            throw new MalformedException(null, "the answer has neither 'candidates' nor 'promptFeedback' nor 'usageMetadata'");
        }

        var ids = new GeminiCallIds(fallbackId);
        var extensions = new List<Extension>();
        var response = new ChatResponse { Dialect = Dialect.Gemini };
        JsonElement? feedback = null;
        List<ChatChoice> choices = [];
        foreach (var member in body.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var name = GeminiMembers.NameOf(member);
            switch (name)
            {
                case "candidates":
                    choices = [.. GeminiMembers.Repeated(value).Select((candidate, index) => ReadCandidate(candidate, index, ids))];
                    continue;
                case "responseId" when GeminiMembers.Text(value) is { } id:
                    response = response with { Id = id };
                    continue;
                case "modelVersion" when GeminiMembers.Text(value) is { } model:
                    response = response with { Model = model };
                    continue;
                case "createTime":
                    response = response with { Created = SecondsOf(value) };
                    break;
                case "usageMetadata" when value.ValueKind == JsonValueKind.Object:
                    response = response with { Usage = GeminiUsageReader.Read(value), ServiceTier = value.Text("serviceTier") };
                    break;
                case "promptFeedback":
                    feedback = value;
                    break;
            }

            // As written too: it says more than the neutral model holds.
            extensions.Add(new Extension(name, value));
        }

        if (choices.Count == 0)
        {
            choices = [new ChatChoice(0, [], BlockOf(feedback))];
        }

        return response with { Choices = choices, Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }

    public static bool IsAnswer(JsonElement body) =>
        (body.Member("candidates") ?? body.Member("promptFeedback") ?? body.Member("usageMetadata")) is not null;

    /// <summary>A blocked prompt has no candidates: "If set, the prompt was blocked and no candidates are returned."</summary>
    public static Stop BlockOf(JsonElement? feedback) =>
        feedback is { } block ? new Stop(StopReason.ContentFilter, block.Text("blockReason")) : new Stop(StopReason.Other, null);

    /// <summary>RFC 3339 as Unix seconds.</summary>
    public static long? SecondsOf(JsonElement time) =>
        GeminiMembers.Text(time) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment.ToUnixTimeSeconds()
            : null;

    /// <param name="status">HTTP status; that of the envelope counts where it is 0 or a success.</param>
    /// <param name="body">The envelope, or a list with it, as streams without server-sent events have it.</param>
    public static ChatError ReadError(int status, JsonElement? body)
    {
        var root = body is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().FirstOrDefault() : body ?? default;
        var error = root.Object("error") ?? root;
        var code = error.Integer("code");
        if (status < 400)
        {
            status = code is >= 400 and < 600 ? (int)code.Value : 500;
        }

        var message = error.Text("message") ?? root.Text("error") ?? root.Text("message") ?? root.Text("detail");
        var result = ChatError.Of(status, message);
        string? reason = null;
        string? param = null;
        string? requestId = null;
        foreach (var detail in error.Items("details"))
        {
            reason ??= detail.Text("reason");
            requestId ??= detail.Text("requestId");
            foreach (var violation in detail.Items("fieldViolations"))
            {
                param ??= violation.Text("field");
            }
        }

        return result with
        {
            // A wrong key is a bad request here (400 INVALID_ARGUMENT).
            Kind = reason is "API_KEY_INVALID" or "API_KEY_EXPIRED" ? ChatErrorKind.Authentication : result.Kind,
            Code = reason,
            Param = param,
            ProviderType = error.Text("status"),
            RequestId = requestId,
        };
    }

    private static ChatChoice ReadCandidate(JsonElement candidate, int index, GeminiCallIds ids)
    {
        if (candidate.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException("candidates", "a candidate must be an object");
        }

        var parts = new List<Part>();
        List<Extension>? extensions = null;
        List<Extension>? contentExtensions = null;
        JsonElement? finishReason = null;
        JsonElement? logprobs = null;
        JsonElement? grounding = null;
        foreach (var member in candidate.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var name = GeminiMembers.NameOf(member);
            switch (name)
            {
                case "index" when GeminiMembers.Integer(value) is >= 0 and < int.MaxValue:
                    index = (int)GeminiMembers.Integer(value)!.Value;
                    continue;
                case "content" when value.ValueKind == JsonValueKind.Object:
                    contentExtensions = ReadContent(value, ids, parts);
                    continue;
                case "finishReason":
                    finishReason = value;
                    continue;
                case "logprobsResult" when value.ValueKind == JsonValueKind.Object:
                    logprobs = GeminiLogprobs.Read(value);
                    break;
                case "groundingMetadata" when value.ValueKind == JsonValueKind.Object:
                    grounding = value;
                    break;
            }

            (extensions ??= []).Add(new Extension(name, value));
        }

        if (grounding is { } metadata)
        {
            Cite(parts, metadata);
        }

        return new ChatChoice(index, parts, GeminiStops.Read(finishReason, parts.Exists(p => p is ToolCallPart)))
        {
            Logprobs = logprobs,
            Extensions = Extensions.Of(Dialect.Gemini, extensions),
            MessageExtensions = Extensions.Of(Dialect.Gemini, contentExtensions),
        };
    }

    private static List<Extension>? ReadContent(JsonElement content, GeminiCallIds ids, List<Part> parts)
    {
        List<Extension>? extensions = null;
        foreach (var member in content.EnumerateObject())
        {
            var name = GeminiMembers.NameOf(member);
            if (name == "parts" && member.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
            {
                foreach (var part in GeminiMembers.Repeated(member.Value))
                {
                    if (GeminiPartReader.Read(part, ids, () => "candidates.content.parts") is { } read)
                    {
                        parts.Add(read);
                    }
                }
            }
            else if (name is not ("parts" or "role") && member.Value.ValueKind != JsonValueKind.Null)
            {
                (extensions ??= []).Add(new Extension(name, member.Value));
            }
        }

        return extensions;
    }

    private static void Cite(List<Part> parts, JsonElement grounding)
    {
        foreach (var group in GeminiGrounding.Read(grounding).GroupBy(c => c.Part))
        {
            var place = group.Key < parts.Count && parts[group.Key] is TextPart ? group.Key : parts.FindIndex(p => p is TextPart);
            if (place >= 0)
            {
                var text = (TextPart)parts[place];
                var bytes = Encoding.UTF8.GetBytes(text.Text);
                parts[place] = text with { Citations = [.. text.Citations, .. group.Select(c => GeminiGrounding.InCharacters(c.Citation, bytes))] };
            }
        }
    }
}
