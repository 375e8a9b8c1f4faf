using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>What seals a thought, and what stands for it where there is none.</summary>
internal static class GeminiSignatures
{
    /// <summary>
    /// "transferring a trace from a different model that does not include thought signatures, you can set the following dummy signatures
    /// ... to skip validation" (ai.google.dev/gemini-api/docs/thought-signatures, FAQ; as it stands in the JSON, which is how Google's own
    /// gemini-cli sends it).
    /// </summary>
    public const string None = "skip_thought_signature_validator";

    /// <summary>The signature, if it is Google's own.</summary>
    public static string? Own(Signature? signature) => signature is { Maker: Dialect.Gemini } ? signature.Value : null;

    public static void Write(Utf8JsonWriter writer, string? signature)
    {
        if (signature is not null)
        {
            writer.WriteString("thoughtSignature"u8, signature);
        }
    }
}
