using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Reads <c>generationConfig</c>. What has no place in the neutral model, or another form than the documented one, is kept under the name
/// <c>generationConfig.X</c>.
/// </summary>
internal static class GeminiConfigReader
{
    public const string Prefix = "generationConfig.";

    private const MemberTypes Whole = MemberTypes.Integer | MemberTypes.NumberAsText;
    private const MemberTypes Number = MemberTypes.Number | MemberTypes.NumberAsText;

    private static readonly FrozenDictionary<string, MemberTypes> Types = OpenAiChatMembers.Table(
        ("maxOutputTokens", Whole), ("temperature", Number), ("topP", Number), ("topK", Number), ("candidateCount", Whole),
        ("stopSequences", MemberTypes.Text | MemberTypes.Texts), ("seed", Whole), ("presencePenalty", Number), ("frequencyPenalty", Number),
        ("responseLogprobs", MemberTypes.Flag), ("logprobs", Whole), ("responseModalities", MemberTypes.Text | MemberTypes.Array),
        ("responseMimeType", MemberTypes.Text), ("responseSchema", MemberTypes.Object), ("thinkingConfig", MemberTypes.Object),
        ("speechConfig", MemberTypes.Object), ("imageConfig", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> ThinkingTypes = OpenAiChatMembers.Table(
        ("includeThoughts", MemberTypes.Flag), ("thinkingBudget", Whole), ("thinkingLevel", MemberTypes.Text | MemberTypes.Integer));

    public static ChatRequest Read(JsonElement config, ChatRequest request, List<Extension> extensions)
    {
        ParameterTypes.Check(config, Types, Prefix, GeminiMembers.NameOf);
        string? mediaType = null;
        JsonElement? jsonSchema = null;
        JsonElement? openApiSchema = null;
        foreach (var member in config.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var name = GeminiMembers.NameOf(member);
            switch (name)
            {
                case "responseMimeType" when GeminiMembers.Text(value) is "application/json" or "text/plain":
                    mediaType = GeminiMembers.Text(value);
                    break;
                case "responseSchema" when value.ValueKind == JsonValueKind.Object:
                    openApiSchema = value;
                    break;
                // The second name is what the protobuf definition itself gives to the field ("an internal detail").
                case "responseJsonSchema" or "_responseJsonSchema":
                    jsonSchema = value;
                    break;
                case "thinkingConfig" when value.ValueKind == JsonValueKind.Object:
                    request = request with { Reasoning = ReadThinking(value) };
                    break;
                default:
                    if (Scalar(name, value, request) is { } read)
                    {
                        request = read;
                    }
                    else
                    {
                        extensions.Add(new Extension(Prefix + name, value, name is "responseMimeType" or "responseSchema"));
                    }

                    break;
            }
        }

        return request with { ResponseFormat = FormatOf(mediaType, jsonSchema, openApiSchema) };
    }

    private static ChatRequest? Scalar(string name, JsonElement value, ChatRequest request) => name switch
    {
        "maxOutputTokens" when GeminiMembers.Integer(value) is { } tokens => request with { MaxOutputTokens = tokens },
        "temperature" when GeminiMembers.Number(value) is { } number => request with { Temperature = number },
        "topP" when GeminiMembers.Number(value) is { } number => request with { TopP = number },
        "topK" when GeminiMembers.Integer(value) is { } count => request with { TopK = count },
        "candidateCount" when GeminiMembers.Integer(value) is { } count => request with { Candidates = count },
        "stopSequences" when GeminiMembers.Texts(value) is { } texts => request with { StopSequences = texts },
        "seed" when GeminiMembers.Integer(value) is { } seed => request with { Seed = seed },
        "presencePenalty" when GeminiMembers.Number(value) is { } number => request with { PresencePenalty = number },
        "frequencyPenalty" when GeminiMembers.Number(value) is { } number => request with { FrequencyPenalty = number },
        "responseLogprobs" when GeminiMembers.Flag(value) is { } flag => request with { Logprobs = flag },
        "logprobs" when GeminiMembers.Integer(value) is { } count => request with { TopLogprobs = count },
        "responseModalities" when GeminiMembers.Texts(value) is { } texts => request with { Modalities = [.. texts.Select(t => t.ToLowerInvariant())] },
        _ => null,
    };

    private static ResponseFormat? FormatOf(string? mediaType, JsonElement? jsonSchema, JsonElement? openApiSchema) =>
        jsonSchema is not null ? new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = jsonSchema }
        : openApiSchema is { } schema
            ? new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = GeminiSchema.ToJsonSchema(schema), OpenApiSchema = schema }
        : mediaType switch
        {
            "application/json" => new ResponseFormat(ResponseFormatKind.JsonObject),
            "text/plain" => new ResponseFormat(ResponseFormatKind.Text),
            _ => null,
        };

    /// <summary>A budget of 0 turns thinking off; -1 leaves it to the model.</summary>
    private static ReasoningOptions ReadThinking(JsonElement config)
    {
        ParameterTypes.Check(config, ThinkingTypes, $"{Prefix}thinkingConfig.", GeminiMembers.NameOf);
        var options = new ReasoningOptions();
        List<Extension>? extensions = null;
        foreach (var member in config.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiMembers.NameOf(member))
            {
                case "includeThoughts" when GeminiMembers.Flag(member.Value) is { } flag:
                    options = options with { IncludeThoughts = flag };
                    break;
                case "thinkingLevel" when GeminiMembers.Text(member.Value) is { } level && level != "THINKING_LEVEL_UNSPECIFIED":
                    options = options with { Effort = level.ToLowerInvariant() };
                    break;
                case "thinkingBudget" when GeminiMembers.Integer(member.Value) is { } budget:
                    options = options with
                    {
                        Mode = budget == 0 ? ReasoningMode.Disabled : budget < 0 ? ReasoningMode.Adaptive : ReasoningMode.Enabled,
                        BudgetTokens = budget < 0 ? null : budget,
                    };
                    break;
                case var other:
                    (extensions ??= []).Add(new Extension(other, member.Value));
                    break;
            }
        }

        return options with { Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }
}
