using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Reads a request of <c>POST /v1/responses</c> (OpenAI openapi 2.3.0, CreateResponse; Open Responses 2026-04-24). The instructions become
/// the first system turn; the items of the input become turns as <see cref="ResponsesTurns"/> says.
/// </summary>
internal static class ResponsesRequestReader
{
    private static readonly FrozenSet<string> Known = FrozenSet.Create(
        StringComparer.Ordinal,
        "model", "input", "instructions", "stream", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature", "top_p",
        "top_logprobs", "text", "reasoning", "previous_response_id", "store", "metadata", "service_tier", "prompt_cache_key", "user",
        "safety_identifier");

    private static readonly FrozenDictionary<string, MemberTypes> Types = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("input", MemberTypes.Text | MemberTypes.Array), ("instructions", MemberTypes.Text | MemberTypes.Array),
        ("stream", MemberTypes.Flag), ("tools", MemberTypes.Array), ("tool_choice", MemberTypes.Text | MemberTypes.Object),
        ("parallel_tool_calls", MemberTypes.Flag), ("max_output_tokens", MemberTypes.Integer), ("temperature", MemberTypes.Number),
        ("top_p", MemberTypes.Number), ("top_logprobs", MemberTypes.Integer), ("text", MemberTypes.Object), ("reasoning", MemberTypes.Object),
        ("previous_response_id", MemberTypes.Text), ("store", MemberTypes.Flag), ("metadata", MemberTypes.Object),
        ("service_tier", MemberTypes.Text), ("prompt_cache_key", MemberTypes.Text), ("user", MemberTypes.Text),
        ("safety_identifier", MemberTypes.Text), ("include", MemberTypes.Texts), ("background", MemberTypes.Flag),
        ("conversation", MemberTypes.Text | MemberTypes.Object), ("prompt", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> ReasoningTypes = OpenAiChatMembers.Table(
        ("effort", MemberTypes.Text), ("summary", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> TextTypes = OpenAiChatMembers.Table(
        ("format", MemberTypes.Object), ("verbosity", MemberTypes.Text));

    /// <summary>A template, turns kept elsewhere, an answer fetched later, checks that the caller counts on.</summary>
    private static readonly FrozenSet<string> ChangesMeaning = FrozenSet.Create(
        StringComparer.Ordinal, "prompt", "conversation", "background", "moderation");

    private static readonly FrozenSet<string> KnownFormat = FrozenSet.Create(
        StringComparer.Ordinal, "type", "name", "description", "schema", "strict");

    private static readonly FrozenSet<string> KnownReasoning = FrozenSet.Create(StringComparer.Ordinal, "effort", "summary");

    /// <summary>What <c>include</c> says where Chat says <c>logprobs: true</c>.</summary>
    public const string Logprobs = "message.output_text.logprobs";

    /// <exception cref="MalformedException">It is not a request of this dialect.</exception>
    public static ChatRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        ParameterTypes.Check(body, Types);
        ParameterTypes.Check(body.Member("reasoning"), ReasoningTypes, "reasoning.");
        ParameterTypes.Check(body.Member("text"), TextTypes, "text.");
        var turns = new ResponsesTurns();
        var others = OthersOf(body);
        if (body.Member("instructions") is { } instructions)
        {
            if (instructions.ValueKind == JsonValueKind.String)
            {
                turns.AddInstructions(instructions.TextOrFail("instructions"));
            }
            else
            {
                others.Add(new Extension("instructions", instructions, ChangesMeaning: true));
            }
        }

        ReadInput(body, turns);
        var (format, verbosity) = ReadText(body, others);
        return new ChatRequest
        {
            Dialect = Dialect.OpenAiResponses,
            Model = body.Text("model") ?? "",
            IsStream = body.Flag("stream") ?? false,
            // response.completed always has the usage.
            IncludeUsage = true,
            Messages = turns.ToMessages(),
            Tools = ResponsesToolReader.ReadTools(body),
            ToolChoice = ResponsesToolReader.ReadChoice(body),
            ParallelToolCalls = body.Flag("parallel_tool_calls"),
            MaxOutputTokens = body.Integer("max_output_tokens"),
            Temperature = body.Number("temperature"),
            TopP = body.Number("top_p"),
            Logprobs = AsksForLogprobs(body) ? true : null,
            TopLogprobs = body.Integer("top_logprobs"),
            ResponseFormat = format,
            Verbosity = verbosity,
            Reasoning = ReadReasoning(body),
            PreviousResponseId = body.Text("previous_response_id"),
            Store = body.Flag("store"),
            Metadata = body.Object("metadata"),
            ServiceTier = body.Text("service_tier"),
            PromptCacheKey = body.Text("prompt_cache_key"),
            User = body.Text("user"),
            SafetyIdentifier = body.Text("safety_identifier"),
            Extensions = Extensions.Of(Dialect.OpenAiResponses, others),
        };
    }

    private static List<Extension> OthersOf(JsonElement body)
    {
        var others = new List<Extension>();
        foreach (var member in body.ExtensionsBeside(Dialect.OpenAiResponses, Known, ChangesMeaning)?.Members ?? [])
        {
            if (member.Value.ValueKind != JsonValueKind.Null)
            {
                // "background: false" is what everybody does.
                others.Add(member.Value.ValueKind == JsonValueKind.False ? member with { ChangesMeaning = false } : member with { IsSaid = IsSaid(member) });
            }
        }

        return others;
    }

    /// <summary>Seals of thoughts go to the client in any case, and logprobs are a parameter.</summary>
    private static bool IsSaid(Extension member) => member is { Name: "include", Value.ValueKind: JsonValueKind.Array }
        && member.Value.EnumerateArray().All(wanted =>
            wanted.ValueKind == JsonValueKind.String && (wanted.ValueEquals("reasoning.encrypted_content"u8) || wanted.ValueEquals(Logprobs)));

    private static void ReadInput(JsonElement body, ResponsesTurns turns)
    {
        switch (body.Member("input"))
        {
            case null:
                break;
            case { ValueKind: JsonValueKind.String } text:
                turns.AddInput(text.TextOrFail("input"));
                break;
            case { ValueKind: JsonValueKind.Array } items:
                var index = 0;
                foreach (var item in items.EnumerateArray())
                {
                    turns.Add(item, index++);
                }

                break;
            default:
                throw new MalformedException("input", "'input' must be a string or a list of items");
        }
    }

    private static (ResponseFormat? Format, string? Verbosity) ReadText(JsonElement body, List<Extension> others)
    {
        if (body.Object("text") is not { } text)
        {
            return default;
        }

        var isKnown = text.EnumerateObject().Any();
        foreach (var member in text.EnumerateObject())
        {
            isKnown &= JsonMembers.NameOf(member) is "format" or "verbosity";
        }

        var format = ReadFormat(text, out var isKnownFormat);
        if (!isKnown || !isKnownFormat)
        {
            // As a whole, so that nothing of it is lost; the writer of this dialect takes it before what was read of it.
            others.Add(new Extension("text", text, ChangesMeaning: !isKnownFormat));
        }

        return (format, text.Text("verbosity"));
    }

    private static ResponseFormat? ReadFormat(JsonElement text, out bool isKnown)
    {
        isKnown = true;
        if (text.Member("format") is not { } format)
        {
            return null;
        }

        switch (format.Text("type"))
        {
            case "text":
                return new ResponseFormat(ResponseFormatKind.Text) { Extensions = format.ExtensionsBeside(Dialect.OpenAiResponses, KnownFormat) };
            case "json_object":
                return new ResponseFormat(ResponseFormatKind.JsonObject) { Extensions = format.ExtensionsBeside(Dialect.OpenAiResponses, KnownFormat) };
            case "json_schema":
                return new ResponseFormat(ResponseFormatKind.JsonSchema)
                {
                    Name = format.Text("name"),
                    Description = format.Text("description"),
                    Schema = format.Object("schema")
                        ?? throw new MalformedException("text.format.schema", "'text.format.schema' must be a JSON Schema, an object"),
                    Strict = format.Flag("strict"),
                    Extensions = format.ExtensionsBeside(Dialect.OpenAiResponses, KnownFormat),
                };
            default:
                isKnown = false;
                return null;
        }
    }

    private static ReasoningOptions? ReadReasoning(JsonElement body)
    {
        if (body.Object("reasoning") is not { } reasoning)
        {
            return null;
        }

        var effort = reasoning.Text("effort");
        var summary = reasoning.Text("summary");
        return new ReasoningOptions
        {
            Mode = effort switch { null => ReasoningMode.Unspecified, "none" => ReasoningMode.Disabled, _ => ReasoningMode.Enabled },
            Effort = effort,
            Summary = summary,
            IncludeThoughts = summary is null ? null : true,
            Extensions = reasoning.ExtensionsBeside(Dialect.OpenAiResponses, KnownReasoning),
        };
    }

    private static bool AsksForLogprobs(JsonElement body)
    {
        foreach (var wanted in body.Items("include"))
        {
            if (wanted.ValueKind == JsonValueKind.String && wanted.TextOrFail("include") == Logprobs)
            {
                return true;
            }
        }

        return false;
    }
}
