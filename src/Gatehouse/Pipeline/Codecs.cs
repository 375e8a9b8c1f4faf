using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;

namespace Gatehouse.Pipeline;

/// <summary>The readers and writers of every dialect.</summary>
internal static class Codecs
{
    private static readonly DialectCodec[] All = Load(
        OpenAiChatCodec.Instance, ResponsesCodec.Instance, AnthropicCodec.Instance, GeminiCodec.Instance,
        BedrockCodec.Instance, CohereCodec.Instance, OllamaCodec.Instance, MistralCodec.Instance);

    public static DialectCodec Of(Dialect dialect) => All[(int)dialect];

    private static DialectCodec[] Load(params DialectCodec[] codecs)
    {
        var all = new DialectCodec[Enum.GetValues<Dialect>().Length];
        foreach (var codec in codecs)
        {
            all[(int)codec.Dialect] = codec;
        }

        return all;
    }
}
