using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Tests.Dialects.Bedrock;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>What was recorded in each dialect, for tests that go from every dialect to every other.</summary>
internal static class AllDialects
{
    /// <summary>Kept short, so that a change hits something.</summary>
    private const int MaxLength = 20_000;

    public static readonly DialectCodec[] Codecs =
    [
        OpenAiChatCodec.Instance, ResponsesCodec.Instance, AnthropicCodec.Instance, GeminiCodec.Instance, BedrockCodec.Instance,
        CohereCodec.Instance, OllamaCodec.Instance, MistralCodec.Instance,
    ];

    public static TheoryData<Dialect> Names => [.. Codecs.Select(c => c.Dialect)];

    public static DialectCodec CodecOf(Dialect dialect) => Array.Find(Codecs, c => c.Dialect == dialect)!;

    /// <summary>Bodies, as text.</summary>
    public static List<string> Bodies(Dialect dialect, Func<RecordedCase, byte[]?> body) =>
        [.. Cases(dialect).Select(body).Where(b => b is { Length: > 0 and < MaxLength } && b[0] == '{').Select(b => Encoding.UTF8.GetString(b!))];

    /// <summary>The frames of all streams: the event's name, and its data.</summary>
    public static List<(string Name, string Data)> Frames(Dialect dialect) =>
        [.. Cases(dialect).Where(c => c.IsStream && c.IsSuccess && c.Response is { Length: > 0 }).SelectMany(FramesOf).Where(f => f.Data.Length < MaxLength).Distinct()];

    private static IEnumerable<RecordedCase> Cases(Dialect dialect)
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        return RecordedCases.Ids(c => DialectOf(c) == dialect).Select(row => RecordedCases.Get(row.Data));
    }

    private static Dialect? DialectOf(RecordedCase recorded) => recorded switch
    {
        { Provider: "mistral", Endpoint: "chat/completions" } => Dialect.Mistral,
        { Endpoint: "chat/completions" or "chat.completions" } => Dialect.OpenAiChat,
        { Endpoint: "responses" } => Dialect.OpenAiResponses,
        { Provider: "anthropic", Endpoint: "messages" } => Dialect.Anthropic,
        { Endpoint: "generateContent" or "streamGenerateContent" } => Dialect.Gemini,
        { Provider: "bedrock", Endpoint: "converse" or "converse-stream" } => Dialect.Bedrock,
        { Provider: "cohere", Endpoint: "v2-chat" } => Dialect.Cohere,
        { Provider: "ollama", Endpoint: "api-chat" } => Dialect.Ollama,
        _ => null,
    };

    private static IEnumerable<(string Name, string Data)> FramesOf(RecordedCase recorded)
    {
        if (recorded.Kind == "eventstream")
        {
            return BedrockStreams.Messages(recorded.Response!).Select(m => (m.Name, m.Json));
        }

        return Encoding.UTF8.GetString(recorded.Response!).Split('\n')
            .Select(line => line.StartsWith("data:", StringComparison.Ordinal) ? line["data:".Length..].Trim() : line.Trim())
            .Where(line => line.StartsWith('{')).Select(line => ("", line));
    }
}
