using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Traits;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Metering;

/// <param name="Provider">As the recordings name it.</param>
/// <param name="Estimated">Tokens, not calibrated.</param>
/// <param name="Reported">Tokens of the whole input.</param>
/// <param name="Request">The parsed request.</param>
internal sealed record RecordedInput(string Id, string Provider, Dialect Dialect, string Model, long Estimated, bool UsesTools, long Reported, ChatRequest Request);

/// <summary>
/// The recorded requests for whose input the provider has reported tokens, and that show all of it: no media, no earlier answers kept at the
/// provider, no tools that the provider runs with prompts of its own. A request that was recorded more than once counts once for each model.
/// </summary>
internal static partial class RecordedInputs
{
    private static readonly Lazy<List<RecordedInput>> Inputs = new(Read);

    public static List<RecordedInput> All => Inputs.Value;

    private static List<RecordedInput> Read()
    {
        var files = SharedData.Read("wire.tar.gz");
        var inputs = new List<RecordedInput>();
        var seen = new HashSet<(string, string)>();
        using var index = JsonDocument.Parse(files["wire/index.json"]);
        foreach (var entry in index.RootElement.GetProperty("entries").EnumerateArray())
        {
            if (DialectOf(Text(entry, "endpoint")) is { } dialect && Text(entry, "model") is { } model
                && files.GetValueOrDefault($"wire/{Text(entry, "request")}") is { } body && Encoding.UTF8.GetString(body) is var request
                && !Hidden().IsMatch(request) && seen.Add((model, request))
                && files.GetValueOrDefault($"wire/{Text(entry, "response")}") is { } answer && ReportedBy(dialect, Text(entry, "response_kind"), answer) is { } reported
                && RequestOf(dialect, body) is { } parsed && !parsed.Messages.Any(message => message.Parts.Any(part => part is ImagePart or AudioPart or FilePart or OpaquePart)))
            {
                var estimated = dialect is Dialect.OpenAiChat or Dialect.OpenAiResponses or Dialect.Anthropic or Dialect.Gemini
                    ? RequestTraits.Read(OperationOf(dialect), new ReadOnlySequence<byte>(body)).InputTokens
                    : Upstream.Translation.TokenEstimate.Of(parsed);
                var usesTools = parsed.Tools.Count > 0 || parsed.Messages.Any(message => message.Parts.Any(part => part is ToolCallPart));
                inputs.Add(new(Text(entry, "id")!, Text(entry, "provider")!, dialect, model, estimated, usesTools, reported, parsed));
            }
        }

        return inputs;
    }

    private static Dialect? DialectOf(string? endpoint) => endpoint switch
    {
        "chat/completions" => Dialect.OpenAiChat,
        "responses" => Dialect.OpenAiResponses,
        "messages" => Dialect.Anthropic,
        "generateContent" or "streamGenerateContent" => Dialect.Gemini,
        "converse" => Dialect.Bedrock,
        "v2-chat" => Dialect.Cohere,
        "api-chat" => Dialect.Ollama,
        _ => null,
    };

    private static Operation OperationOf(Dialect dialect) => dialect switch
    {
        Dialect.OpenAiResponses => Operation.Responses,
        Dialect.Anthropic => Operation.Messages,
        Dialect.Gemini => Operation.GenerateContent,
        _ => Operation.Chat,
    };

    private static ChatRequest? RequestOf(Dialect dialect, byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Codecs.Of(dialect).ReadRequest(document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is DialectException or JsonException)
        {
            return null;
        }
    }

    private static long? ReportedBy(Dialect dialect, string? kind, byte[] answer)
    {
        if (kind is not ("json" or "sse" or "ndjson"))
        {
            return null;
        }

        var facts = new CodecAnswerFacts(Codecs.Of(dialect), isStream: kind != "json");
        var chunks = kind == "json" ? [answer] : Encoding.UTF8.GetString(answer).Split('\n')
            .Select(line => line.StartsWith("data:", StringComparison.Ordinal) ? line[5..].Trim() : kind == "ndjson" ? line.Trim() : "")
            .Where(line => line.StartsWith('{')).Select(Encoding.UTF8.GetBytes);
        foreach (var chunk in chunks)
        {
            try
            {
                _ = facts.Read(chunk, out _);
            }
            catch (DialectException)
            {
                // An error that was recorded.
                return null;
            }
        }

        return facts.Usage is { InputTokens: { } input } usage && input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0) is > 0 and var all ? all : null;
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex("\"(previous_response_id|conversation|cachedContent|encrypted_content|mcp_servers|container|web_search_options|plugins)\"\\s*:\\s*[\"{\\[]|web_search|file_search|code_interpreter|code_execution|\"computer|\"bash_|text_editor|\"mcp|image_generation|google_?[sS]earch|url_?[cC]ontext|codeExecution|x_search|local_shell|memory_|web_fetch|tool_search|systemTool|\"signature\"|[tT]houghtSignature|thought_signature", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Hidden();
}
