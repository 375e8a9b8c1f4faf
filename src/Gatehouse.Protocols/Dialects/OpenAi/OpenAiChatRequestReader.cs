using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Reads requests of OpenAI's chat completions and of those who follow it, Mistral too.</summary>
internal static class OpenAiChatRequestReader
{
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("messages", MemberTypes.Array), ("stream", MemberTypes.Flag), ("stream_options", MemberTypes.Object),
        ("tools", MemberTypes.Array), ("functions", MemberTypes.Array), ("tool_choice", MemberTypes.Text | MemberTypes.Object),
        ("function_call", MemberTypes.Text | MemberTypes.Object), ("parallel_tool_calls", MemberTypes.Flag),
        ("max_tokens", MemberTypes.Integer), ("max_completion_tokens", MemberTypes.Integer), ("temperature", MemberTypes.Number),
        ("top_p", MemberTypes.Number), ("top_k", MemberTypes.Integer), ("presence_penalty", MemberTypes.Number),
        ("frequency_penalty", MemberTypes.Number), ("seed", MemberTypes.Integer), ("random_seed", MemberTypes.Integer),
        ("stop", MemberTypes.Text | MemberTypes.Texts), ("n", MemberTypes.Integer), ("logprobs", MemberTypes.Flag),
        ("top_logprobs", MemberTypes.Integer), ("logit_bias", MemberTypes.Object), ("response_format", MemberTypes.Object),
        ("modalities", MemberTypes.Texts), ("audio", MemberTypes.Object), ("user", MemberTypes.Text),
        ("safety_identifier", MemberTypes.Text), ("metadata", MemberTypes.Object),
        ("service_tier", MemberTypes.Text), ("prompt_cache_key", MemberTypes.Text), ("verbosity", MemberTypes.Text), ("store", MemberTypes.Flag),
        ("cache_control", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> StreamOptions = OpenAiChatMembers.Table(("include_usage", MemberTypes.Flag));

    /// <summary>Without these the answer would be another one: what it knows, what it may say, or in which form.</summary>
    private static readonly FrozenSet<string> Meaning = FrozenSet.Create(
        StringComparer.Ordinal,
        "response_format", "tool_choice", "function_call", "web_search_options", "moderation", "plugins", "documents", "extra_body", "guardrails",
        "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "grammar", "json_schema");

    private static readonly HashSet<string> OptionMembers = new(StringComparer.Ordinal) { "include_usage" };
    private static readonly HashSet<string> SchemaMembers = new(StringComparer.Ordinal) { "name", "description", "schema", "strict" };
    private static readonly HashSet<string> FormatMembers = new(StringComparer.Ordinal) { "type", "json_schema" };

    public static ChatRequest Read(JsonElement body, Dialect dialect)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        ParameterTypes.Check(body, Members);
        ParameterTypes.Check(body.Member("stream_options"), StreamOptions, "stream_options.");
        var messages = OpenAiChatMessageReader.Read(body, dialect);
        var reasoning = OpenAiChatReasoningOptions.Read(body, dialect);
        var format = ReadFormat(body, dialect);
        var choice = OpenAiChatTools.ReadChoice(body, dialect);
        var isCompletionLimit = body.Integer("max_completion_tokens") is not null;
        var stream = body.Object("stream_options");
        return new ChatRequest
        {
            Dialect = dialect,
            Model = body.Text("model") ?? "",
            IsStream = body.Flag("stream") ?? false,
            // Mistral reports usage in any case.
            IncludeUsage = dialect == Dialect.Mistral || (stream?.Flag("include_usage") ?? false),
            Messages = messages,
            Tools = OpenAiChatTools.Read(body, dialect),
            ToolChoice = choice,
            UsesLegacyFunctions = body.Array("functions") is not null,
            ParallelToolCalls = body.Flag("parallel_tool_calls"),
            MaxOutputTokens = body.Integer("max_completion_tokens") ?? body.Integer("max_tokens"),
            MaxOutputTokensName = isCompletionLimit ? "max_completion_tokens" : body.Integer("max_tokens") is not null ? "max_tokens" : null,
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            TopK = body.Integer("top_k"),
            PresencePenalty = body.Number("presence_penalty"),
            FrequencyPenalty = body.Number("frequency_penalty"),
            Seed = body.Integer("seed") ?? body.Integer("random_seed"),
            StopSequences = body.Texts("stop"),
            Candidates = body.Integer("n"),
            Logprobs = body.Flag("logprobs"),
            TopLogprobs = body.Integer("top_logprobs"),
            LogitBias = body.Object("logit_bias"),
            ResponseFormat = format,
            Reasoning = reasoning,
            Modalities = body.Array("modalities") is null ? null : body.Texts("modalities"),
            Audio = body.Object("audio"),
            User = body.Text("user"),
            SafetyIdentifier = body.Text("safety_identifier"),
            Metadata = body.Object("metadata"),
            ServiceTier = body.Text("service_tier"),
            PromptCacheKey = body.Text("prompt_cache_key"),
            Verbosity = body.Text("verbosity"),
            Store = body.Flag("store"),
            CacheControl = OpenAiChatContentReader.CacheControl(body, dialect),
            Extensions = Extensions.Of(dialect, Rest(body, stream, reasoning, format, choice, isCompletionLimit)),
        };
    }

    private static List<Extension>? Rest(
        JsonElement body, JsonElement? stream, ReasoningOptions? reasoning, ResponseFormat? format, ToolChoice? choice, bool isCompletionLimit)
    {
        var rest = OpenAiChatMembers.Beside(body, Members, Meaning);
        _ = rest?.RemoveAll(m => m.Name == reasoning?.Name);
        if (stream is { } options && options.ExtensionsBeside(default, OptionMembers) is not null)
        {
            (rest ??= []).Add(new Extension("stream_options", options));
        }

        if (format is null && body.Object("response_format") is { } unknownFormat)
        {
            (rest ??= []).Add(new Extension("response_format", unknownFormat, ChangesMeaning: true));
        }

        if (choice is null && body.Member("tool_choice") is { ValueKind: JsonValueKind.Object } unknownChoice)
        {
            (rest ??= []).Add(new Extension("tool_choice", unknownChoice, ChangesMeaning: true));
        }

        if (isCompletionLimit && body.Integer("max_tokens") is not null)
        {
            (rest ??= []).Add(new Extension("max_tokens", body.Member("max_tokens")!.Value));
        }

        return rest;
    }

    private static ResponseFormat? ReadFormat(JsonElement body, Dialect dialect)
    {
        if (body.Object("response_format") is not { } format)
        {
            return null;
        }

        switch (format.Text("type"))
        {
            case "text":
                return new ResponseFormat(ResponseFormatKind.Text);
            case "json_object" when format.Object("schema") is { } looseSchema:
                // llama.cpp, Together, Fireworks.
                return new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = looseSchema };
            case "json_object":
                return new ResponseFormat(ResponseFormatKind.JsonObject) { Extensions = format.ExtensionsBeside(dialect, FormatMembers) };
            case "json_schema" when format.Object("json_schema") is { } schema:
                return new ResponseFormat(ResponseFormatKind.JsonSchema)
                {
                    Name = schema.Text("name"),
                    Description = schema.Text("description"),
                    Schema = schema.Object("schema"),
                    Strict = schema.Flag("strict"),
                    Extensions = schema.ExtensionsBeside(dialect, SchemaMembers),
                };
            default:
                return null;
        }
    }
}
