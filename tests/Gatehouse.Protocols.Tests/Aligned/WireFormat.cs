using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>One of the formats that the aligned recordings are in.</summary>
/// <param name="Name">As the archive calls it.</param>
/// <param name="Provider">The kind of provider whose rules hold.</param>
internal sealed record WireFormat(string Name, string Provider, DialectCodec Codec, IFormatReader Reader)
{
    public static readonly IReadOnlyList<WireFormat> All =
    [
        new("chat-completions", "openai", OpenAiChatCodec.Instance, new ChatFormat()),
        new("baseten", "baseten", OpenAiChatCodec.Instance, new ChatFormat()),
        new("responses", "openai", ResponsesCodec.Instance, new ResponsesFormat()),
        new("anthropic", "anthropic", AnthropicCodec.Instance, new AnthropicFormat()),
        new("bedrock-anthropic", "bedrock", AnthropicCodec.Instance, new AnthropicFormat()),
        new("vertex-anthropic", "vertex", AnthropicCodec.Instance, new AnthropicFormat()),
        new("google", "gemini", GeminiCodec.Instance, new GeminiFormat()),
        new("bedrock", "bedrock", BedrockCodec.Instance, new BedrockFormat()),
    ];

    /// <summary>The formats to write answers in: one of each dialect.</summary>
    public static IEnumerable<WireFormat> Dialects => All.DistinctBy(f => f.Codec.Dialect);

    public static WireFormat Of(string name) => All.Single(f => f.Name == name);

    public Meaning Request(JsonElement body)
    {
        var meaning = new Meaning(joinsText: false);
        Reader.ReadRequest(body, meaning);
        return meaning;
    }

    public Meaning Answer(JsonElement body)
    {
        var meaning = new Meaning(joinsText: true);
        Reader.ReadAnswer(body, meaning);
        return meaning;
    }
}

/// <summary>Reads one format from its JSON; knows nothing of the codecs.</summary>
internal interface IFormatReader
{
    void ReadRequest(JsonElement body, Meaning meaning);

    void ReadAnswer(JsonElement body, Meaning meaning);

    /// <summary>The whole answer that the events of a stream make up, from its pieces.</summary>
    JsonElement Fold(IReadOnlyList<JsonElement> events);
}
