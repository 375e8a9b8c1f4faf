using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

internal static class OllamaRequestReader
{
    /// <summary>Stands before the names of options that only Ollama knows.</summary>
    public const string Options = "options.";

    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("messages", MemberTypes.Array), ("stream", MemberTypes.Flag), ("tools", MemberTypes.Array),
        ("format", MemberTypes.Text | MemberTypes.Object), ("options", MemberTypes.Object), ("think", MemberTypes.Flag | MemberTypes.Text),
        ("logprobs", MemberTypes.Flag), ("top_logprobs", MemberTypes.Integer));

    private static readonly FrozenDictionary<string, MemberTypes> OptionMembers = OpenAiChatMembers.Table(
        ("num_predict", MemberTypes.Integer), ("temperature", MemberTypes.Number), ("top_p", MemberTypes.Number),
        ("top_k", MemberTypes.Integer), ("seed", MemberTypes.Integer), ("stop", MemberTypes.Text | MemberTypes.Texts),
        ("presence_penalty", MemberTypes.Number), ("frequency_penalty", MemberTypes.Number));

    private static readonly FrozenSet<string> Meaning = FrozenSet.Create(StringComparer.Ordinal, "format");

    public static ChatRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        ParameterTypes.Check(body, Members);
        var options = body.Object("options") ?? default;
        ParameterTypes.Check(options, OptionMembers, Options);
        // -1 and -2 are "no end" and "until the window is full".
        var limit = options.Integer("num_predict") is > 0 and var tokens ? (long?)tokens : null;
        var format = ReadFormat(body);
        return new ChatRequest
        {
            Dialect = Dialect.Ollama,
            Model = body.Text("model") ?? "",
            // "stream: boolean, default: true".
            IsStream = body.Flag("stream") ?? true,
            IncludeUsage = true,
            Messages = OllamaMessageReader.Read(body),
            Tools = OpenAiChatTools.Read(body, Dialect.Ollama),
            MaxOutputTokens = limit,
            Temperature = options.Number("temperature"),
            TopP = options.Number("top_p"),
            TopK = options.Integer("top_k"),
            PresencePenalty = options.Number("presence_penalty"),
            FrequencyPenalty = options.Number("frequency_penalty"),
            Seed = options.Integer("seed"),
            StopSequences = options.Texts("stop"),
            Logprobs = body.Flag("logprobs"),
            TopLogprobs = body.Integer("top_logprobs"),
            ResponseFormat = format,
            Reasoning = ReadThink(body),
            Extensions = Extensions.Of(Dialect.Ollama, Rest(body, options, limit, format)),
        };
    }

    private static List<Extension>? Rest(JsonElement body, JsonElement options, long? limit, ResponseFormat? format)
    {
        var rest = OpenAiChatMembers.Beside(body, Members, Meaning);
        if (format is null && body.Text("format") is { Length: > 0 })
        {
            (rest ??= []).Add(new Extension("format", body.Member("format")!.Value, ChangesMeaning: true));
        }

        if (options.ValueKind != JsonValueKind.Object)
        {
            return rest;
        }

        foreach (var option in OpenAiChatMembers.Beside(options, OptionMembers) ?? [])
        {
            (rest ??= []).Add(option with { Name = Options + option.Name });
        }

        if (limit is null && options.Integer("num_predict") is not null)
        {
            (rest ??= []).Add(new Extension(Options + "num_predict", options.Member("num_predict")!.Value));
        }

        return rest;
    }

    /// <summary>An empty string is what older clients send for none.</summary>
    private static ResponseFormat? ReadFormat(JsonElement body) => body.Member("format") switch
    {
        { ValueKind: JsonValueKind.Object } schema => new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = schema },
        { ValueKind: JsonValueKind.String } word when word.ValueEquals("json"u8) => new ResponseFormat(ResponseFormatKind.JsonObject),
        _ => null,
    };

    private static ReasoningOptions? ReadThink(JsonElement body) => body.Member("think") switch
    {
        { ValueKind: JsonValueKind.True } => new ReasoningOptions { Mode = ReasoningMode.Enabled },
        { ValueKind: JsonValueKind.False } => new ReasoningOptions { Mode = ReasoningMode.Disabled },
        { ValueKind: JsonValueKind.String } level => new ReasoningOptions { Mode = ReasoningMode.Enabled, Effort = level.TextOrFail("think") },
        _ => null,
    };
}
